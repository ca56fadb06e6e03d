"""What is made of a target's files, and when."""

from pathlib import Path

import pytest

from ioc.polling import Made, Target, TargetShape, UnusableError, read_secret_file
from tests.unit.ioc.polling.world import target


def test_a_file_that_comes_later_is_read_at_the_next_look_and_then_kept(tmp_path: Path) -> None:
    asked = []

    def make(one: Target[TargetShape]) -> str:
        asked.append(one.name)
        return read_secret_file(str(tmp_path / "password")).reveal()

    made = Made([target("one")], make)
    assert asked == []
    with pytest.raises(UnusableError, match="there is no file"):
        made["one"]
    (tmp_path / "password").write_text("s3cret\n")
    assert [made["one"], made["one"]] == ["s3cret", "s3cret"]
    assert asked == ["one", "one"]
