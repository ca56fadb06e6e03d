from click.testing import CliRunner

from collectors.simulator import Options
from ioc.cli import main
from ioc.commands import simulator


def invoke(monkeypatch, *words):
    given = []
    monkeypatch.setattr(simulator, "run_simulator", lambda settings, options: given.append(options))
    monkeypatch.setattr(simulator, "load_settings", lambda environ: None)
    result = CliRunner().invoke(main, ["simulator", *words])
    return result, given


def test_what_is_typed_becomes_the_options(monkeypatch):
    words = [
        "--url",
        "mqtt://h",
        "--seed",
        "7",
        "--facility",
        "bv02",
        "--no-history",
        "--history-rate",
        "9",
        "--speed",
        "2",
    ]
    result, given = invoke(monkeypatch, *words)
    assert result.exit_code == 0
    assert given == [Options("mqtt://h", 7, "bv02", False, 9.0, 2.0)]


def test_what_is_typed_about_the_his_becomes_the_options_too(monkeypatch):
    result, given = invoke(
        monkeypatch, "--his-url", "mllp://h:1", "--no-his", "--his-late", "0.5", "--his-doubled", "0"
    )  # fmt: skip
    assert result.exit_code == 0
    assert given == [Options(his=False, his_url="mllp://h:1", his_late=0.5, his_doubled=0.0)]


def test_nothing_typed_gives_the_defaults(monkeypatch):
    assert invoke(monkeypatch)[1] == [Options()]


def test_a_rate_of_nothing_is_wrong_use(monkeypatch):
    assert invoke(monkeypatch, "--history-rate", "0")[0].exit_code == 2
    assert invoke(monkeypatch, "--his-late", "1.5")[0].exit_code == 2
