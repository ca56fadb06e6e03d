"""Writes ``docs/cli.md`` from what the commands say of themselves: ``python -m ioc.commands.docs > docs/cli.md``."""

import sys
from collections.abc import Iterator

import click

from ioc.cli import main

WIDTH = 100
HEAD = """# Command line

`ioc` lies in `.venv/bin/` of the centre's folder; run it there, so that it finds `configs/` and `data/`. It answers on
standard output and says what it does, and what is wrong, on standard error. Exit codes: 0 fine, 1 faults were found,
2 wrong use. Whatever reports also does so with `--json`.

```sh
.venv/bin/ioc check                                   # is what I wrote in configs/ right?
.venv/bin/ioc doctor                                  # is all well, and if not, how is it mended?
.venv/bin/ioc send FILE --to mllp://127.0.0.1:2575    # play HL7 messages; docs/connect-his.md
.venv/bin/ioc send FILE --to mqtt://127.0.0.1:1883    # play a recording, one {"topic": …, "payload": …} a line
.venv/bin/ioc import beds FILE.csv                    # bring the register of beds to a list
.venv/bin/ioc quarantine list                         # what could not be understood, and why
.venv/bin/ioc token create --role viewer --scope '*'  # a token for another program
```

What follows is what `--help` prints.
"""


def page() -> str:
    """The whole page."""
    return HEAD + "".join(f"\n## `{name}`\n\n```text\n{text}\n```\n" for name, text in helps(main, "ioc", None))


def helps(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    """The help of a command, then of each of its own."""
    context = command.context_class(
        command, info_name=name, parent=parent, terminal_width=WIDTH, **command.context_settings
    )
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for word in command.list_commands(context):
            found = command.get_command(context, word)
            assert found is not None
            yield from helps(found, word, context)


if __name__ == "__main__":
    sys.stdout.write(page())
