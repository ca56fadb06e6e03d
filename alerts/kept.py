"""A copy of the rule files and people that were taken over last: a restart while newer ones are faulty goes on with it.

The rules that judge must not depend on when the scheduler was started last (a crash is enough).
"""

import logging
import os
import shutil
from pathlib import Path

from alerts.people import FILE
from alerts.people import digest as digest_of_people
from alerts.rules import digest as digest_of_rules

log = logging.getLogger(__name__)

FOLDER = "rules-in-force"
PARTS = ("rules", "runbooks")


def kept_folder(data_dir: Path) -> Path:
    """Where the copy lies, with the files as they lie in the folder of the configuration."""
    return data_dir / FOLDER


def keep(config_dir: Path, data_dir: Path, digests: tuple[str, str]) -> None:
    """Copy the files, where they still are those of these digests (rules, people). A full disk is only logged."""
    folder = kept_folder(data_dir)
    if (digest_of_rules(folder), digest_of_people(folder)) == digests:
        return
    draft, former = (folder.with_name(f"{FOLDER}.{word}-{os.getpid()}") for word in ("new", "old"))
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)  # addresses are secrets, whatever the umask says
        for part in PARTS:
            shutil.copytree(config_dir / part, draft / part)
        shutil.copyfile(config_dir / FILE, draft / FILE)
        if (digest_of_rules(draft), digest_of_people(draft)) == digests:
            if folder.exists():
                folder.rename(former)
            draft.rename(folder)
    except OSError as error:
        log.warning("The rules in force cannot be copied to %s: %s", folder, error)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)
