"""Sources and quarantine, as a steward works with them."""

import pytest

from dashboards.admin.sources import sources_view
from ioc.domain import SECOND, Series
from ioc.errors import Reason
from ioc.intake import Reject, Sighting, SourceStatus, SourceStatuses, Unconfirmed


@pytest.fixture
def item(web):
    reject = Reject(
        Reason.NO_TIME, "the payload has no ts", "ioc/v1/bv01/icu/vent/v1/tele", b'{"m":{}}', web.clock.now_ns(), "bv01"
    )
    web.services.quarantine.put("mqtt", reject)
    return web.services.quarantine.list()[0].id


def post(web, path, who="steward", *, token=True):
    client = web.browser(who)
    page = client.get("/states").get_data(as_text=True)
    value = page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0] if token else ""
    return client, client.post(path, data={"csrf_token": value})


def test_an_item_is_listed_with_its_reason_in_words(web, item):
    html = web.browser("steward").get("/quarantine").get_data(as_text=True)
    assert "Không có thời điểm" in html
    assert "the payload has no ts" in html
    assert "ioc/v1/bv01/icu/vent/v1/tele" in html


def test_looking_at_its_bytes_is_written_down(web, item):
    html = web.browser("steward").get(f"/quarantine/{item}").get_data(as_text=True)
    assert "{&#34;m&#34;:{}}" in html
    with web.services.engine.connect() as connection:
        actions = [row[0] for row in connection.exec_driver_sql("select action from audit order by 1")]
    assert "quarantine.view" in actions


def test_an_item_is_sent_again(web, item):
    client, answer = post(web, f"/quarantine/{item}/resend")
    assert answer.status_code == 302
    assert web.services.quarantine.get(item).resend_requested_ns is not None
    assert "đang được gửi lại" in client.get("/quarantine").get_data(as_text=True)


def test_an_item_is_discarded(web, item):
    post(web, f"/quarantine/{item}/discard")
    assert web.services.quarantine.get(item).state == "discarded"
    html = web.browser("steward").get("/quarantine?state=discarded").get_data(as_text=True)
    assert "steward" in html


def test_a_form_without_its_token_changes_nothing(web, item):
    _, answer = post(web, f"/quarantine/{item}/discard", token=False)
    assert answer.status_code == 400
    assert web.services.quarantine.get(item).state == "open"


def test_who_is_slower_than_a_colleague_is_told_so(web, item):
    web.services.quarantine.discard(item, "colleague")
    client, answer = post(web, f"/quarantine/{item}/discard", "steward")
    assert answer.status_code == 302
    assert f"Mục {item} đã được xử lý rồi." in client.get("/quarantine").text


def test_a_viewer_may_not(web, item):
    _, answer = post(web, f"/quarantine/{item}/discard", "viewer")
    assert answer.status_code == 403


def test_what_another_facility_sent_is_not_there(web):
    reject = Reject(Reason.JSON, "d", "t", b"x", web.clock.now_ns(), "bv02")
    web.services.quarantine.put("mqtt", reject)
    number = web.services.quarantine.list()[0].id
    client = web.browser("steward")
    assert client.get(f"/quarantine/{number}").status_code == 404
    assert f"#{number}" not in client.get("/quarantine").get_data(as_text=True)


def test_a_long_list_has_pages(web):
    for n in range(51):
        web.clock.advance(1)
        web.services.quarantine.put("mqtt", Reject(Reason.JSON, "d", f"t{n}", b"x", web.clock.now_ns(), "bv01"))
    html = web.browser("steward").get("/quarantine").get_data(as_text=True)
    assert html.count('class="row item"') == 50
    older = html.split("/quarantine?state=open&amp;before=", 1)[1].split('"', 1)[0]
    html = web.browser("steward").get(f"/quarantine?before={older}").get_data(as_text=True)
    assert html.count('class="row item"') == 1


def test_an_unknown_reason_is_refused(web):
    assert web.browser("steward").get("/quarantine?reason=odd").status_code == 400


@pytest.mark.parametrize(
    ("connected", "late_s", "word"), [(True, 0, "đã nối"), (False, 0, "chưa nối"), (True, 60, "tiến trình nhận tin im")]
)
def test_a_source_says_whether_it_is_connected_and_its_worker_alive(web, connected, late_s, word):
    status = SourceStatus("mqtt", "mqtt", connected=connected, last_message_ns=web.clock.now_ns(), received=48_210)
    SourceStatuses(web.services.engine).save([status], web.clock.now_ns())
    web.clock.advance(late_s * SECOND)
    html = web.browser("viewer").get("/sources").get_data(as_text=True)
    assert f"</svg>{word}</span>" in html
    assert "48.210" in html


def test_the_list_of_sources_is_live_and_takes_the_right_to_it(web):
    status = SourceStatus("mqtt", "mqtt", connected=True, last_message_ns=web.clock.now_ns(), received=1)
    SourceStatuses(web.services.engine).save([status], web.clock.now_ns())
    assert "view=sources" in web.browser("viewer").get("/sources").text
    view = sources_view(web.app, {"facility": "bv01", "lang": "vi"})
    with web.app.test_request_context():
        html, due = view.render("sources", web.services.book, web.clock.now_ns())
    assert html.strip().startswith('<ul id="sources"')
    assert due == web.clock.now_ns() + 2 * SECOND
    assert view.parts() == ("sources",)
    assert view.touched(Series.of("fridge.temp", facility="bv01")) == ()
    asked = "/api/v1/stream?view=sources&facility=bv01"
    assert web.as_("screen").get(asked).status_code == 403
    answer = web.as_("viewer").get(asked)
    assert answer.status_code == 200
    answer.close()


def test_this_machine_speaking_is_no_device_being_connected(web):
    def page(*sources):
        rows = [SourceStatus(name, name, connected=True, last_message_ns=web.clock.now_ns()) for name in sources]
        SourceStatuses(web.services.engine).save(rows, web.clock.now_ns())
        return web.browser("viewer").get("/sources").get_data(as_text=True)

    assert 'class="todo"' in page("hosts", "journal")
    assert 'class="todo"' not in page("mqtt")


def test_what_nobody_confirmed_is_listed_for_its_own_facility(web):
    seen = Unconfirmed(web.services.engine, web.clock)
    seen.add([Sighting("device", "bv01", "tl-99", "ioc/v1/bv01/x"), Sighting("device", "bv02", "tl-88", "y")])
    html = web.browser("viewer").get("/sources").get_data(as_text=True)
    assert "tl-99" in html
    assert "tl-88" not in html
