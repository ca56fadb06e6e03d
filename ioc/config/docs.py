"""``python -m ioc.config.docs`` prints docs/settings.md from the table of settings."""

import sys

from ioc.config.settings import SETTINGS, Setting

HEAD = """# Settings

Every setting of the centre. A variable of the environment stands above `configs/ioc.yaml`, that file above the
default. In the file `IOC_WEB__BIND` is `web:` with `bind:` under it. An empty variable counts as not set; an unknown
one is refused, with the nearest name. `ioc check` reads all of them and starts nothing.

A setting marked *file* can also be given as the name of a file that holds it: `IOC_MQTT__PASSWORD_FILE=/etc/ioc/mqtt`,
in the file `password_file:`. A secret never stands in `configs/ioc.yaml` itself.

A door whose setting was not given moves to the next free port when its own is taken; one that was given is an error.

| variable | default | what it is |
|---|---|---|
"""
FOOT = """
The centre makes its own keys on the first start, in `secrets/` of the data folder. They are readable by its user
only; with the key `quarantine.key` the quarantined messages can be read, and without it they cannot; with another
`identity.key` patients and visits that are known would be taken for new ones: keep a copy.
"""


def settings_page() -> str:
    """The whole page."""
    return HEAD + "".join(_row(setting) for setting in SETTINGS) + FOOT


def _row(setting: Setting) -> str:
    default = f"`{setting.default}`" if setting.default else "empty"
    file = " *file*" if setting.file else ""
    return f"| `{setting.variable}`{file} | {default} | {setting.help} |\n"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
