"""What an answer means, and what a target may say."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from collectors.http.collector import build, read
from collectors.http.probe import MOST, HttpShape, Probe, wrong
from ioc.config import load_settings
from ioc.polling import Answer, Deadline, Page, Target, faults_of_files
from ioc.polling.web import _may_follow
from tests.unit.ioc.polling.world import CATALOGUE, REGISTRY, write


def shape(**more: object) -> HttpShape:
    return HttpShape.model_validate({"facility": "bv01", "url": "http://his/"} | more)


@pytest.mark.parametrize(
    ("answer", "ask", "error"),
    [
        (Answer(200, b"", whole=True), shape(), ""),
        (Answer(204, b"", whole=True), shape(), ""),
        (Answer(401, b"", whole=True), shape(expect=[200, 401]), ""),
        (Answer(302, b"", whole=True, moved="/x"), shape(expect=[302]), ""),
        (Answer(200, "Đăng nhập".encode(), whole=True), shape(contains="Đăng nhập"), ""),
        (Answer(404, b"", whole=True), shape(), "it answers 404"),
        (Answer(200, b"", whole=True), shape(expect=[401]), "it answers 200"),
        (Answer(200, b"Error", whole=True), shape(contains="Login"), "its page does not have the text 'Login'"),
        (Answer(200, b"Error", whole=False), shape(contains="Login"), "the first 1 MiB of its page does not have"),
        (Answer(302, b"", whole=True, moved="/x"), shape(), "it answers 302 and sends on to a place that is not"),
    ],
)
def test_an_answer_is_judged(answer: Answer, ask: HttpShape, error: str) -> None:
    found = wrong(answer, ask)
    assert found.startswith(error)
    assert bool(found) == bool(error)


@pytest.mark.parametrize(
    "url",
    [
        "his",
        "ftp://his/",
        "http://",
        "http://his:0/",
        "http://his:99999/",
        "http://his/a b",
        "http://hís/",
        "http://u:p@his/",
    ],
)
def test_what_is_no_address_of_a_page_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        shape(url=url)


def test_a_name_without_its_password_is_refused() -> None:
    with pytest.raises(ValidationError, match="belong together"):
        shape(username="ioc")


@pytest.mark.parametrize(
    ("first", "then", "may"),
    [
        ("http://his/a", "http://his/b", True),
        ("http://his/a", "https://his/a", True),
        ("https://his/", "https://his:443/x", True),
        ("https://his/", "http://his/", False),
        ("http://his/", "http://other/", False),
        ("http://his/", "http://his:8080/", False),
        ("http://his/", "file:///etc/passwd", False),
        ("http://his/", "https://his:8443/", False),
    ],
)
def test_redirects_are_followed_on_the_same_host_only(first: str, then: str, *, may: bool) -> None:
    assert _may_follow(first, then) is may


def test_a_password_goes_into_the_question_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("s3cret\n")
    page = Page.of(shape(username="ioc", password_file=str(tmp_path / "password")))
    assert page.headers["Authorization"] == "Basic aW9jOnMzY3JldA=="
    assert "s3cret" not in repr(page)
    assert "aW9j" not in repr(page)


def test_files_that_are_no_good_are_named_and_keep_nothing_from_starting(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("no certificate")
    text = f"""targets:
  a: {{facility: bv01, url: 'https://his/', ca_file: {tmp_path}/ca}}
  b: {{facility: bv01, url: 'https://his/', ca_file: {tmp_path}/none}}
  c: {{facility: bv01, url: 'https://his/', username: u, password_file: {tmp_path}/none}}
"""
    write(tmp_path, "http", text)
    targets, faults = read(tmp_path, REGISTRY, CATALOGUE)
    assert faults == []
    found = [fault for target in targets for fault in faults_of_files(target)]
    assert [fault.where.rpartition(":")[2] for fault in found] == ["2", "3", "4"]
    assert [fault.what for fault in found] == [
        f"a: ca_file {tmp_path}/ca holds no certificate.",
        f"b: ca_file: there is no file {tmp_path}/none.",
        f"c: password_file: there is no file {tmp_path}/none.",
    ]
    assert all(fault.hint for fault in found)
    collector = build(load_settings({"IOC_CONFIG_DIR": str(tmp_path)}), CATALOGUE, REGISTRY)
    for target in collector.targets:
        frames, error = collector.look_at(target)
        assert (frames, "_file" in error) == ([], True)


def test_phases_and_latency_are_given_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def get(_page: Page, deadline: Deadline, most: int, *, follow: bool) -> Answer:
        assert (most, follow) == (MOST, True)
        deadline.phases["phase_dns"] = 1.5
        return Answer(200, b"", whole=True)

    monkeypatch.setattr("collectors.http.probe.get", get)
    (line,) = Probe({"one": Page("http://his/", None)})(Target("one", "bv01", "cs1", shape()), 0).lines
    assert line.tags == {"service": "one"}
    assert (line.fields["up"], line.fields["status"], line.fields["phase_dns"]) == (1.0, 200.0, 1.5)
    assert line.fields["cert_days"] is None
    assert (line.fields["latency"] or 0.0) >= 0.0
