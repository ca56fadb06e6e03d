"""Places where a crash test may end the process, as a power cut would. They cost nothing otherwise.

``IOC_FAILPOINT=after-store`` ends the process the first time it comes there; ``after-store:7`` the seventh time.
"""

import os

INTAKE = ("after-decode", "after-journal", "after-ack", "after-store", "after-latest")
CENSUS = ("after-census",)
ALERTS = ("after-evaluation", "in-alert-commit", "after-alert-commit", "after-claim", "before-send", "after-send")

_WANTED, _, _TIMES = os.environ.get("IOC_FAILPOINT", "").partition(":")
_left = int(_TIMES or "1")

if _WANTED:

    def failpoint(name: str) -> None:
        """End the process at once, without any clean-up, where ``name`` is the place that was asked for."""
        global _left  # noqa: PLW0603 - one counter a process is what is meant
        if name == _WANTED:
            _left -= 1
            if _left <= 0:
                os._exit(137)

else:

    def failpoint(name: str) -> None:
        """Nothing: no crash was asked for."""
