"""The living sheet shows every kind of tile in every state, by the macros of the walls."""

import pytest

from dashboards.states.samples import CONDITIONS


@pytest.fixture
def html(web):
    return web.browser("viewer").get("/states").get_data(as_text=True)


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("kind", ["number", "count", "lead"])
def test_each_kind_stands_there_in_each_state(html, kind, condition):
    tile = html.split(f'id="{kind}-{condition}"', 1)[1].split(">", 1)[0]
    if condition in ("fresh", "late", "stale", "missing"):
        assert f'data-state="{condition}"' in tile
    elif condition in ("sim", "test", "bad"):
        assert f'data-quality="{condition}"' in tile
    elif condition in ("warning", "critical"):
        assert f'data-level="{condition}"' in tile
    elif condition in ("loading", "error"):
        assert condition in tile.split('class="', 1)[1].split('"', 1)[0]


def test_each_state_has_its_word_and_its_mark(html):
    for mark, word in (("late", "Trễ"), ("stale", "Cũ"), ("missing", "Không số"), ("sim", "Mô phỏng")):
        assert (
            f'<p class="flag {mark}"><svg class="mark" aria-hidden="true"><use href="#m-{mark}"/></svg>{word}</p>'
            in html
        )
    for mark, word in (("warning", "Chú ý"), ("critical", "Khẩn")):
        assert f'<use href="#m-{mark}"/></svg>{word}</p>' in html


def test_every_mark_that_is_used_is_drawn(html):
    used = {part.split('"', 1)[0] for part in html.split('href="#m-')[1:]}
    drawn = {part.split('"', 1)[0] for part in html.split('<symbol id="m-')[1:]}
    assert used <= drawn


def test_it_comes_dark_and_light(web):
    client = web.browser("viewer")
    assert 'data-theme="dark"' in client.get("/states").get_data(as_text=True)
    assert 'data-theme="light"' in client.get("/states?theme=light").get_data(as_text=True)


def test_a_stale_sample_counts_nothing(html):
    stale = html.split('id="count-stale"', 1)[1].split("</section>", 1)[0]
    assert "0/2" in stale


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("warning", "chưa ai nhận"),
        ("critical", "đã nhận"),
        ("silent", "im từ"),
        ("sim", 'data-quality="sim"'),
    ],
)
def test_the_strip_stands_there_with_each_kind_of_alert(html, name, said):
    item = html.split(f'id="strip-sheet-{name}"', 1)[1].split("</div>", 1)[0]
    assert "Tủ 3 8,9 °C" in item
    assert said in item
