"""Character sets as senders spell them."""

import pytest

from collectors.hl7.charset import codec, decoded


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("ASCII|ISO IR6|US-ASCII|UNICODE UTF-8|UNICODE  UTF8|utf-8|UNICODE", "utf-8"),
        ("8859/1|ISO 8859-1|ISO-8859/1|latin1|ISO IR100", "iso8859-1"),
        ("8859/15", "iso8859-15"),
        ("CP1258|cp-1258|WINDOWS-1258|Windows 1258|WIN1258|1258|MS CP1258|ANSI 1258", "cp1258"),
        ("CP1252", "cp1252"),
        ("|8859/12|8859/99|UTF-16|ISO IR87|GB 18030-2000|TCVN3|nonsense", ""),
    ],
)
def test_each_spelling_is_known(names: str, expected: str) -> None:
    assert {codec(name) for name in names.split("|")} == {expected}


def test_every_codec_that_is_named_exists() -> None:
    for name in ("ASCII", "CP1258", *(f"8859/{part}" for part in range(1, 17) if part != 12)):
        assert b"NOI".decode(codec(name)) == "NOI"


def test_accents_that_stand_apart_are_put_together() -> None:
    assert decoded("Nội".encode(), ("utf-8",)) == "Nội"
    assert decoded(b"N\xf4\xf2i", ("cp1258",)) == "Nội"


def test_where_the_first_set_does_not_fit_the_next_is_taken() -> None:
    assert decoded("Sản".encode("cp1258", "replace"), ("utf-8", "iso8859-1"))
    assert decoded(b"N\xf4\xf2i", ("utf-8", "cp1258")) == "Nội"


def test_what_fits_in_none_is_an_error() -> None:
    with pytest.raises(UnicodeDecodeError):
        decoded(b"\xff\xfe\xe1", ("utf-8",))
