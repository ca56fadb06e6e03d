"""What reading the shipped catalogue and registry costs each process at its start: python bench/reading.py

The best of ten, in CPU milliseconds; half a second is the most that a start may take for it.
"""

import time
from pathlib import Path

from ioc.catalogue import load_catalogue
from ioc.registry import load_registry

ROOT = Path(__file__).parent.parent


def once() -> float:
    """CPU seconds of one reading."""
    began = time.process_time()
    load_registry(ROOT / "configs", load_catalogue(ROOT / "configs"))
    return time.process_time() - began


if __name__ == "__main__":
    print(f"catalogue and registry read   {min(once() for _ in range(10)) * 1000:.0f} ms CPU")
