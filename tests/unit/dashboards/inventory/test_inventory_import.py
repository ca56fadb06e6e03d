"""A steward sends a list, sees what it would change, and says yes or no."""

import io
import re

import pytest

from ioc.access import audit_entries
from ioc.domain import MINUTE, SECOND
from ioc.sheets import write_xlsx
from tests.unit.dashboards.inventory.conftest import asset

PATH = "/inventory/bv01/import"
HEAD = "facility,code,kind,department,owner,watched\n"
LIST = HEAD + "bv01,sv-up,server,phong-cntt,Tổ mới,1\nbv01,sv-9,server,phong-cntt,,1\n"


@pytest.fixture
def steward(small):
    small.web.clock.advance(SECOND)
    return small.web.as_("steward")


def send(client, text: str | bytes, name: str = "list.csv"):
    data = text if isinstance(text, bytes) else text.encode()
    return client.post(PATH, data={"list": (io.BytesIO(data), name)}, content_type="multipart/form-data")


def made(html: str) -> str:
    return re.search(r'name="made" value="(\d+)"', html)[1]


def listed(small) -> list[str]:
    own = small.web.services
    return [each.code for each in own.assets.assets("bv01").at(small.web.clock.now_ns()) if each.kind.value == "server"]


def test_the_preview_shows_every_change_and_does_none(small, steward):
    assert send(steward, LIST).status_code == 302
    html = steward.get(f"{PATH}?lang=en").text
    assert 'data-kind="server" data-added="1" data-removed="4" data-changed="1"' in html
    assert "<b>sv-9</b>" in html
    assert "owner – → Tổ mới" in html
    assert len(listed(small)) == 5


def test_with_a_yes_the_register_is_brought_to_the_list(small, steward):
    send(steward, LIST)
    answer = steward.post(f"{PATH}/apply", data={"made": made(steward.get(PATH).text)})
    assert answer.location == "/inventory/bv01"
    assert listed(small) == ["sv-up", "sv-9"]
    assert audit_entries(small.web.services.engine)[0].action == "assets.import"
    assert 'name="made"' not in steward.get(PATH).text


def test_with_a_no_it_is_forgotten(small, steward):
    send(steward, LIST)
    steward.post(f"{PATH}/drop")
    assert 'name="made"' not in steward.get(PATH).text
    assert len(listed(small)) == 5


def test_a_workbook_is_taken_as_well(steward):
    data = write_xlsx({"a": [line.split(",") for line in LIST.splitlines()]})
    assert send(steward, data, "list.xlsx").status_code == 302
    assert "What list.xlsx would change" in steward.get(f"{PATH}?lang=en").text


def test_faults_are_shown_with_their_lines_and_nothing_waits(steward):
    answer = send(steward, HEAD + "bv01,sv 1,server,,,\nbv02,sv-2,server,,,\n")
    assert answer.status_code == 400
    assert "list.csv:2" in answer.text
    assert "list.csv:3" in answer.text
    assert "IOC-T017" in answer.text
    assert 'name="made"' not in steward.get(PATH).text


def test_many_faults_are_counted(steward):
    text = HEAD + "".join(f"bv01,x {n},server,,,\n" for n in range(130))
    answer = send(steward, text)
    assert answer.text.count("<code>IOC-T006</code>") == 100
    assert "30" in answer.text.rsplit("IOC-T006", 1)[1]


def test_without_a_file_it_says_so(steward):
    answer = steward.post(PATH, data={}, content_type="multipart/form-data")
    assert answer.location == PATH


def test_what_was_not_shown_is_not_done(small, steward):
    send(steward, LIST)
    assert steward.post(f"{PATH}/apply", data={"made": "1"}).location == PATH
    small.web.clock.advance(61 * MINUTE)
    assert 'name="made"' not in steward.get(PATH).text
    assert len(listed(small)) == 5


def test_a_register_that_changed_meanwhile_stays(small, steward):
    send(steward, LIST)
    number = made(steward.get(PATH).text)
    small.has(asset("sv-new"))
    answer = steward.post(f"{PATH}/apply", data={"made": number})
    assert answer.status_code == 409
    assert "sv-new" in listed(small)


def test_each_person_has_a_list_of_their_own(small, steward):
    send(steward, LIST)
    assert 'name="made"' not in small.web.as_("admin").get(PATH).text


@pytest.mark.parametrize("who", ["screen", "viewer", "operator", "oncall", "viewer_bv02"])
def test_only_a_steward_may(small, who):
    client = small.web.as_(who)
    assert client.get(PATH).status_code == 403
    assert send(client, LIST).status_code == 403
    for act in ("apply", "drop"):
        assert client.post(f"{PATH}/{act}").status_code == 403


def test_a_column_that_the_list_lacks_changes_nothing(small, steward):
    send(steward, "facility,code,kind,name\nbv01,sv-up,server,HIS\nbv01,sv-down,server,\n")
    html = steward.get(f"{PATH}?lang=en").text
    assert 'data-kind="server" data-added="0" data-removed="3" data-changed="0"' in html
