"""Runbooks: steps and source by language, and what a page is refused for."""

from pathlib import Path

import pytest

from alerts.rules.runbook import RunbookError, read_runbook

PAGE = """# Whatever

Not a part: 1. nothing

## vi

Trước hết:

1. Một
   và tiếp.
2) Hai

Sau đó là lời.

Nguồn: A,
B

C

## notes

1. not a language

## en

1. One

Source : D

## fr

1. Un

Source: E
"""


def page(folder: Path, text: str) -> Path:
    (folder / "page.md").write_text(text, encoding="utf-8")
    return folder


def test_steps_and_source_are_read_by_language(tmp_path: Path) -> None:
    runbook = read_runbook(page(tmp_path, PAGE), "page.md")
    assert runbook.steps == {"vi": ("Một và tiếp.", "Hai"), "en": ("One",), "fr": ("Un",)}
    assert runbook.source == {"vi": "A, B", "en": "D", "fr": "E"}


def test_french_may_be_left_out_but_not_be_half(tmp_path: Path) -> None:
    without = PAGE[: PAGE.index("## fr")]
    assert set(read_runbook(page(tmp_path, without), "page.md").steps) == {"vi", "en"}
    with pytest.raises(RunbookError, match="no steps in fr"):
        read_runbook(page(tmp_path, without + "## fr\n\nSource: E\n"), "page.md")


@pytest.mark.parametrize("path", ["/etc/passwd.md", "../page.md", "a/../../page.md", "page.txt", "", "page.md\n"])
def test_a_path_leads_nowhere_else(path: str, tmp_path: Path) -> None:
    with pytest.raises(RunbookError, match="no path of a page"):
        read_runbook(page(tmp_path, PAGE), path)


def test_a_page_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_bytes(b"\xff\xfe")
    with pytest.raises(RunbookError, match="not UTF-8"):
        read_runbook(tmp_path, "page.md")
