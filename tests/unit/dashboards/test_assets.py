"""Fonts, static files and translations as they are made at set-up."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from fontTools.ttLib import TTFont

from dashboards import assets
from dashboards.assets import (
    CUTS,
    PRINTED,
    STATIC,
    TRANSLATIONS,
    code_points,
    compile_translations,
    cut_fonts,
    version_of,
)

DASHBOARDS = Path(assets.__file__).parent
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")


@pytest.fixture(scope="module")
def fonts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fonts")
    assert cut_fonts(folder)
    return folder


@pytest.fixture(scope="module")
def asked() -> set[str]:
    """Every text that code and templates ask for; of one with a plural the singular."""
    methods = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
    found = (message for _, _, message, _, _ in extract_from_dir(DASHBOARDS, methods))
    return {message if isinstance(message, str) else message[0] for message in found if message}


def forms(language: str) -> dict[str, list[tuple[str, str]]]:
    """By the text that is asked for, each form of it with its translation; of a plural every form needs its own."""
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    found = {}
    for message in catalogue:
        if isinstance(message.id, tuple):
            singular, plural = message.id
            ids = [plural] if catalogue.num_plurals == 1 else [singular, plural]
            found[singular] = list(zip(ids, message.string, strict=True))
        elif message.id:
            found[message.id] = [(message.id, message.string)]
    return found


def messages(language: str) -> dict[str, str]:
    """All forms of all texts."""
    return {text: translated for pairs in forms(language).values() for text, translated in pairs}


def test_the_cut_fonts_hold_every_letter_of_their_range_that_the_family_has(fonts):
    whole = set(TTFont(assets._source()).getBestCmap())
    for name, ranges in CUTS.items():
        cut = set(TTFont(fonts / f"{name}.woff2").getBestCmap())
        assert cut == whole & set(code_points(ranges)), name


def test_vietnamese_lacks_no_letter(fonts):
    letters = "ăâđêôơưáàảãạấầẩẫậắằẳẵặéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ"
    held = {point for name in CUTS for point in TTFont(fonts / f"{name}.woff2").getBestCmap()}
    assert {letter for letter in letters + letters.upper() if ord(letter) not in held} == set()


def test_what_is_printed_has_one_weight_a_file_and_every_letter(fonts):
    for name in PRINTED:
        font = TTFont(fonts / f"{name}.ttf")
        assert "fvar" not in font
        assert set(font.getBestCmap()) == set(TTFont(assets._source()).getBestCmap()) & {
            point for ranges in CUTS.values() for point in code_points(ranges)
        }


def test_fonts_that_are_up_to_date_are_left_alone(fonts):
    before = {path: path.stat().st_mtime_ns for path in fonts.iterdir()}
    assert not cut_fonts(fonts)
    assert {path: path.stat().st_mtime_ns for path in fonts.iterdir()} == before


def test_the_licence_goes_with_the_fonts(fonts):
    assert "Open Font License" in (fonts / "OFL.txt").read_text(encoding="utf-8")


def test_the_fonts_weigh_little_and_keep_weight_and_width(fonts):
    assert sum((fonts / f"{name}.woff2").stat().st_size for name in CUTS) < 120_000
    axes = {axis.axisTag for axis in TTFont(fonts / "plex-latin.woff2")["fvar"].axes}
    assert axes == {"wght", "wdth"}


def test_the_style_sheet_names_the_ranges_that_are_cut():
    css = (STATIC / "css" / "tokens.css").read_text(encoding="utf-8")
    for name, ranges in CUTS.items():
        face = css.split(f"{name}.woff2", 1)[1]
        written = re.search(r"unicode-range: ([^;]+);", face)
        assert written is not None
        assert written[1].replace("U+", "").replace(",", "") == ranges


@pytest.mark.parametrize("language", ["vi", "en", "fr"])
def test_no_text_lacks_its_translation(asked, language):
    translated = forms(language)
    assert {text for text in asked if not all(form for _, form in translated.get(text, [("", "")]))} == set()


@pytest.mark.parametrize("language", ["vi", "en", "fr"])
def test_no_translation_is_left_over_or_loses_a_placeholder(asked, language):
    translated = messages(language)
    assert set(forms(language)) - asked == set()
    assert [t for t, s in translated.items() if sorted(PLACEHOLDER.findall(t)) != sorted(PLACEHOLDER.findall(s))] == []


def test_english_says_what_is_asked_for():
    assert all(text == translated for text, translated in messages("en").items())


def test_a_compiled_translation_is_made_anew_only_when_it_is_older(tmp_path):
    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_bytes((TRANSLATIONS / "vi" / "LC_MESSAGES" / "messages.po").read_bytes())
    assert compile_translations(tmp_path) == [folder / "messages.mo"]
    assert compile_translations(tmp_path) == []


def test_an_address_of_a_static_file_changes_with_the_file():
    assert version_of("css/wall.css") != version_of("css/pages.css")
    assert version_of("css/none.css") == "0"


def test_the_style_sheets_are_ours_alone():
    for path in (STATIC / "css").glob("*.css"):
        css = path.read_text(encoding="utf-8")
        assert "!important" not in css, path.name
        assert "http" not in css, path.name
        assert css.count("{") == css.count("}"), path.name


def test_set_up_says_what_it_did_and_ends_well():
    command = [sys.executable, "-m", "dashboards.assets"]
    result = subprocess.run(command, cwd=DASHBOARDS.parent, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("fonts: ")


def test_a_missing_font_package_is_said_with_what_to_do(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "fontpkg_ibm_plex_sans", None)
    assert assets.main() == 1
    assert "pip install" in capsys.readouterr().err
