import json

import pytest
from click.testing import CliRunner

from ioc.access import audit_entries
from ioc.cli import main
from ioc.errors import Reason
from ioc.intake import Reject

TOPIC = "ioc/v1/bv01/icu/vent/tho-01/tele"


def ioc(*words, **more):
    return CliRunner().invoke(main, ["quarantine", *words], **more)


def put(centre, reason=Reason.JSON, raw=b"{broken", topic=TOPIC, facility="bv01"):
    centre.quarantine.put(
        "mqtt", Reject(reason, f"what is wrong: {reason}", topic, raw, 1_790_000_000 * 10**9, facility)
    )
    return str(centre.quarantine.list()[0].id)


def test_an_empty_quarantine_says_so(centre):
    result = ioc("list")
    assert (result.exit_code, result.output) == (0, "Nothing is quarantined.\n")


def test_items_are_listed_with_reason_and_counts(centre):
    put(centre)
    put(centre, Reason.UNIT, b"{}")
    result = ioc("list")
    assert result.exit_code == 0
    assert "what is wrong: unit" in result.output
    assert TOPIC in result.output
    assert result.output.endswith("2 messages open: 1 json, 1 unit\n")


def test_items_are_listed_for_a_program_and_chosen_by_reason_and_facility(centre):
    put(centre)
    put(centre, Reason.UNIT, b"{}", facility="bv02")
    listed = json.loads(ioc("list", "--json", "--facility", "bv02").stdout)
    assert [item["reason"] for item in listed["items"]] == ["unit"]
    assert listed["open"] == {"unit": 1}
    assert json.loads(ioc("list", "--json", "--reason", "json").stdout)["items"][0]["received_at"].endswith("Z")


def test_a_senders_text_cannot_play_tricks_on_the_terminal(centre):
    put(centre, topic="a\x1b[2Jb")
    assert "\x1b" not in ioc("list").output
    assert "\x1b" not in ioc("show", "1").output


def test_one_item_is_shown_without_its_content(centre):
    number = put(centre, raw=b"Nguyen Van A")
    result = ioc("show", number)
    assert result.exit_code == 0
    assert "what is wrong: json" in result.output
    assert "Nguyen" not in result.output
    assert "Nguyen" not in ioc("show", number, "--json").output
    assert audit_entries(centre.engine) == []


def test_its_content_is_printed_byte_for_byte_and_that_is_noted(centre):
    number = put(centre, raw=b"\xff\x00 Nguyen")
    assert ioc("show", number, "--raw").stdout_bytes == b"\xff\x00 Nguyen"
    entry = audit_entries(centre.engine)[0]
    assert (entry.action, entry.subject) == ("quarantine.read", f"quarantine:{number}")
    assert entry.actor.startswith("cli:")


def test_an_item_that_is_not_there_is_a_fault_with_a_hint(centre):
    result = ioc("show", "77")
    assert result.exit_code == 1
    assert "There is no item 77" in result.stderr
    assert "--state all" in result.stderr


def test_resending_asks_the_worker(centre):
    number = put(centre)
    result = ioc("resend", number)
    assert (result.exit_code, result.output) == (0, "1 asked to be sent through again.\n")
    assert centre.quarantine.get(int(number)).resend_requested_ns is not None
    assert audit_entries(centre.engine)[0].action == "quarantine.resend"


def test_all_of_one_reason_are_resent_and_the_others_not(centre):
    for n in range(3):
        put(centre, raw=str(n).encode())
    other = put(centre, Reason.UNIT, b"{}")
    assert json.loads(ioc("resend", "--reason", "json", "--json").stdout)["done"] == [3, 2, 1]
    assert centre.quarantine.get(int(other)).resend_requested_ns is None


def test_discarding_forgets_the_content_and_not_that_it_was_there(centre):
    number = put(centre)
    assert ioc("discard", number).exit_code == 0
    assert ioc("list").output == "Nothing is quarantined.\n"
    assert json.loads(ioc("list", "--state", "discarded", "--json").stdout)["items"][0]["closed_by"].startswith("cli:")
    assert "forgotten" in ioc("show", number, "--raw").stderr


def test_what_fails_is_told_and_the_rest_is_done(centre):
    number = put(centre)
    result = ioc("discard", "99", number)
    assert result.exit_code == 1
    assert result.stdout == "1 discarded.\n"
    assert "no open item 99" in result.stderr


def test_discarding_all_of_a_reason_asks_first(centre):
    number = put(centre)
    assert ioc("discard", "--reason", "json", input="n\n").exit_code == 1
    assert centre.quarantine.get(int(number)).state == "open"
    assert ioc("discard", "--reason", "json", input="y\n").exit_code == 0
    assert centre.quarantine.get(int(number)).state == "discarded"


@pytest.mark.parametrize("words", [["resend"], ["discard"], ["resend", "1", "--reason", "json"]])
def test_nothing_named_and_both_named_are_wrong_use(centre, words):
    result = ioc(*words)
    assert result.exit_code == 2
    assert "Name the items" in result.stderr


def test_before_the_first_start_it_says_so_and_makes_nothing(environment, tmp_path):
    result = ioc("list")
    assert result.exit_code == 1
    assert "There is no database" in result.stderr
    assert "ioc run" in result.stderr
    assert not (tmp_path / "data").exists()


def test_a_database_without_tables_is_a_sentence(centre, environment, tmp_path):
    (tmp_path / "data" / "ioc.sqlite").unlink()
    (tmp_path / "data" / "ioc.sqlite").touch()
    result = ioc("list")
    assert result.exit_code == 1
    assert "no such table" in result.stderr
