"""What is made at set-up and not kept in the repository: the cut fonts and the compiled translations.

``python -m dashboards.assets`` makes both, in a few seconds, and leaves alone what is up to date.
"""

import hashlib
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

HERE = Path(__file__).parent
STATIC = HERE / "static"
FONTS = STATIC / "fonts"
TRANSLATIONS = HERE / "translations"

# the same ranges stand in static/css/tokens.css; a test compares them
LATIN = "0000-00FF 0131 0152-0153 02C6 02DA 02DC 2000-206F 20AC 2122 2212"
VIETNAMESE = "0102-0103 0110-0111 0128-0129 0168-0169 01A0-01A1 01AF-01B0 0300-0301 0303 0309 0323 1EA0-1EF9 20AB"
SYMBOLS = "202F 2082-2083 2190-2193 2264-2265"
CUTS = {"plex-latin": LATIN, "plex-vietnamese": VIETNAMESE, "plex-symbols": SYMBOLS}
PRINTED = {"plex-print": 400, "plex-print-bold": 600}  # weights of what PDFs embed, at the width of tables
PRINTED_WIDTH = 85
FEATURES = ["ccmp", "dnom", "frac", "kern", "liga", "locl", "mark", "mkmk", "numr", "rvrn"]
STAMP = "made-from.txt"


class AssetsError(Exception):
    """Something needed at set-up is missing; the message says what to install."""


def code_points(ranges: str) -> list[int]:
    """``0041-0043 00B0`` -> 0x41, 0x42, 0x43, 0xb0."""
    points: list[int] = []
    for part in ranges.split():
        first, _, last = part.partition("-")
        points += range(int(first, 16), int(last or first, 16) + 1)
    return points


def _source() -> Path:
    try:
        import fontpkg_ibm_plex_sans  # noqa: PLC0415  # only needed at set-up
    except ModuleNotFoundError as error:
        raise AssetsError(
            "The package fontpkg-ibm-plex-sans is not installed: pip install -r requirements.lock"
        ) from error
    found = sorted(p for p in Path(fontpkg_ibm_plex_sans.ROOT).rglob("*.ttf") if "Italic" not in p.name)
    if not found:
        raise AssetsError("fontpkg-ibm-plex-sans holds no font file: reinstall it (pip install --force-reinstall).")
    return found[0]


def cut_fonts(target: Path = FONTS) -> bool:
    """Cut IBM Plex Sans to what the screens use, as woff2; False where it was up to date already."""
    source = _source()
    stamp = hashlib.sha256(source.read_bytes() + repr((CUTS, FEATURES, PRINTED, PRINTED_WIDTH)).encode()).hexdigest()
    marker = target / STAMP
    files = [*(f"{name}.woff2" for name in CUTS), *(f"{name}.ttf" for name in PRINTED)]
    made = all((target / file).is_file() for file in files)
    if made and marker.is_file() and marker.read_text(encoding="utf-8").strip() == stamp:
        return False
    target.mkdir(parents=True, exist_ok=True)
    for name, ranges in CUTS.items():
        _cut(source, code_points(ranges), target / f"{name}.woff2")
    for name, weight in PRINTED.items():
        _cut_for_print(source, weight, target / f"{name}.ttf")
    licence = source.parent.parent / "LICENSE"  # the OFL goes wherever the font goes
    if licence.is_file():
        (target / "OFL.txt").write_bytes(licence.read_bytes())
    marker.write_text(stamp + "\n", encoding="utf-8")
    return True


def _cut(source: Path, points: Iterable[int], target: Path) -> None:
    from fontTools.subset import Options  # noqa: PLC0415  # slow to import, and only needed at set-up

    font = _subset(source, points, Options(layout_features=FEATURES, flavor="woff2", hinting=True, notdef_outline=True))
    font.flavor = "woff2"
    _save(font, target)


def _cut_for_print(source: Path, weight: int, target: Path) -> None:
    """One weight and width, with all letters in one file: what writes PDFs knows no variable fonts."""
    from fontTools.subset import Options  # noqa: PLC0415  # as above
    from fontTools.varLib.instancer import instantiateVariableFont  # noqa: PLC0415

    points = [point for ranges in CUTS.values() for point in code_points(ranges)]
    font = _subset(source, points, Options(layout_features=[], hinting=False, notdef_outline=True))
    _save(instantiateVariableFont(font, {"wght": weight, "wdth": PRINTED_WIDTH}), target)


def _subset(source: Path, points: Iterable[int], options: Any) -> Any:
    from fontTools.subset import Subsetter  # noqa: PLC0415  # as above
    from fontTools.ttLib import TTFont  # noqa: PLC0415

    font = TTFont(source, recalcTimestamp=False)  # the same font file each time
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=points)
    subsetter.subset(font)
    return font


def _save(font: Any, target: Path) -> None:
    part = target.with_suffix(".part")
    font.save(part)
    part.replace(target)


def compile_translations(folder: Path = TRANSLATIONS) -> list[Path]:
    """Compile every ``messages.po`` that is newer than its ``messages.mo``; returns what was made."""
    made = []
    for source in sorted(folder.glob("*/LC_MESSAGES/messages.po")):
        target = source.with_suffix(".mo")
        if target.is_file() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parent.parent.name)
        part = target.with_suffix(".part")
        with part.open("wb") as file:
            write_mo(file, catalogue)
        part.replace(target)
        made.append(target)
    return made


@lru_cache(maxsize=64)
def version_of(name: str) -> str:
    """Eight letters that change when a static file changes, for its address."""
    path = STATIC / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8] if path.is_file() else "0"


def main() -> int:
    """Make what is missing or out of date, and say what was done."""
    try:
        fonts = cut_fonts()
        compiled = compile_translations()
    except AssetsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"fonts: {'cut' if fonts else 'up to date'}; translations: {len(compiled)} compiled\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
