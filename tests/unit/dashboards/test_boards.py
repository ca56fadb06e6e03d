"""Board files: the shipped one loads; what is wrong is told with its line and the nearest name, all at once."""

from pathlib import Path

import pytest

from dashboards.boards import load_boards
from ioc.catalogue import load_catalogue
from ioc.errors import RefuseToStartError

CONFIGS = Path(__file__).parents[3] / "configs"
TILE = """\
title: {vi: Bảng, en: Board}
tiles:
  - id: cold
    title: {vi: Chuỗi lạnh, en: Cold chain}
    definition: {vi: d, en: d}
    figure: {metric: fridge.temp, how: in_range}
    link: {class: fridge}
"""


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue(CONFIGS)


@pytest.fixture
def load(tmp_path, catalogue):
    def load(text):
        (tmp_path / "boards").mkdir(exist_ok=True)
        (tmp_path / "boards" / "hospital.yaml").write_text(text, encoding="utf-8")
        return load_boards(tmp_path, catalogue)

    return load


@pytest.fixture
def faults(load):
    def faults(text):
        with pytest.raises(RefuseToStartError) as caught:
            load(text)
        return [str(fault) for fault in caught.value.faults]

    return faults


def test_the_shipped_board_loads_and_has_its_lead(catalogue):
    board = load_boards(CONFIGS, catalogue)["hospital"]
    assert [tile.size for tile in board.spec.tiles].count("lead") == 1
    assert len(board.spec.tiles) == 8
    assert [feed.source for feed in board.spec.feeds[:2]] == ["census", "mqtt"]


def test_no_tile_of_a_shipped_board_shows_more_than_seven_numbers(catalogue):
    for board in load_boards(CONFIGS, catalogue).values():
        for tile in board.spec.tiles:
            shares = sum(term.of or bool(term.over) for term in tile.terms)
            assert len(tile.terms) + shares + bool(tile.result) <= 7, tile.id


@pytest.mark.parametrize("name", ["hospital", "province"])
def test_the_shipped_boards_speak_three_languages(catalogue, name):
    spec = load_boards(CONFIGS, catalogue)[name].spec
    texts = [spec.title, *(tile.title for tile in spec.tiles), *(tile.definition for tile in spec.tiles)]
    texts += [feed.title for feed in spec.feeds]
    assert all(text.vi and text.en and text.fr for text in texts)


def test_a_tile_knows_the_metrics_it_takes_those_of_unless_too(catalogue):
    board = load_boards(CONFIGS, catalogue)["hospital"]
    by_id = {part.id: board.metrics(part) for part in board.parts}
    assert by_id["feed-ventilators"] == {"vent.in_use", "vent.fault"}
    assert by_id["feed-mqtt"] == frozenset()


def test_a_tile_takes_the_two_sides_of_its_ratio_what_it_is_over_and_the_pieces_of_its_rule(catalogue):
    board = load_boards(CONFIGS, catalogue)["hospital"]
    by_id = {part.id: board.metrics(part) for part in board.parts}
    sides = {"bed.occupied", "bed.staffed"}
    assert by_id["occupancy"] == sides | {"pt.inpatient", "bed.actual", "bed.shared", "bed.planned"}
    assert by_id["beds"] == sides | {"bed.avail", "bed.dirty", "pt.without_bed"}


def test_one_metric_may_be_written_without_a_list(load):
    assert load(TILE)["hospital"].spec.tiles[0].figure.metric == ("fridge.temp",)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("metric: fridge.temp", "metric: fridge.tmp", 6, ["'fridge.tmp'", "'fridge.temp'"]),
        ("how: in_range", "how: in_rang", 6, ["'in_rang'", "in_range"]),
        ("class: fridge", "class: frige", 7, ["'frige'", "'fridge'"]),
        ("id: cold", "id: Cold!", 3, ["pattern"]),
        ("link: {class: fridge}", "links: {class: fridge}", 7, ["'links'", "'link'"]),
        ("how: in_range", "how: equals, state: open", 6, ["fridge.temp has no states"]),
        ("metric: fridge.temp, how: in_range", "metric: fridge.door, how: mean", 6, ["states have no mean"]),
        ("metric: fridge.temp, how: in_range", "metric: fridge.door, how: equals, state: opn", 6, ["'opn'", "'open'"]),
        ("metric: fridge.temp, how: in_range", "metric: fridge.door, how: equals", 6, ["state is missing"]),
        ("how: in_range", "how: max, state: open", 6, ["a state goes with how: equals"]),
        ("how: in_range", "how: max, unless: {metric: fridge.door, state: open}", 6, ["unless goes with"]),
        ("definition: {vi: d, en: d}", "definition: {vi: d}", 5, ["definition.en", "missing"]),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_the_nearest_name(faults, old, new, line, words):
    assert old in TILE
    found = faults(TILE.replace(old, new))
    assert all(any(word in fault for fault in found) for word in words), found
    assert any(f"hospital.yaml:{line}:" in fault for fault in found), found


def test_all_faults_are_told_at_once(faults):
    text = TILE.replace("fridge.temp", "fridge.tmp").replace("class: fridge", "class: frige")
    assert len(faults(text)) == 2


def test_two_tiles_of_one_id_a_label_too_long_and_too_many_facts(faults):
    second = TILE.split("tiles:\n")[1]
    fact = "      - {metric: fridge.door, how: max, title: {vi: Nhãn dài hơn mười sáu chữ, en: Label}}\n"
    found = faults(TILE + second + "    facts:\n" + fact * 4)
    assert any("IOC-B010" in fault for fault in found)
    assert any("IOC-B015" in fault for fault in found)
    assert any("IOC-B016" in fault and "there is room for 16" in fault for fault in found)


@pytest.mark.parametrize(
    "feed",
    [
        "{id: f, title: {vi: F, en: F}}",
        "{id: f, title: {vi: F, en: F}, source: mqtt, figure: {metric: ups.load, how: max}}",
    ],
)
def test_a_feed_is_a_source_or_a_figure(faults, feed):
    assert any("IOC-B014" in fault for fault in faults(f"{TILE}feeds:\n  - {feed}\n"))


BEDS = """\
title: {vi: Bảng, en: Board}
tiles:
  - id: beds
    size: lead
    title: {vi: Giường, en: Beds}
    unit: {vi: "trên {}", en: "of {}"}
    beside: {metric: bed.staffed, how: sum}
    definition: {vi: d, en: d}
    figure: {metric: bed.avail, how: sum, over: bed.staffed}
    facts:
      - {metric: bed.dirty, how: sum, sign: plus, title: {vi: dọn, en: clean}}
    result: {vi: xong, en: done}
    gauge: {of: bed.staffed, parts: [{metric: bed.avail, look: free}]}
    link: {page: beds}
"""


def test_a_lead_may_be_a_sum_beside_what_it_is_over_and_lead_to_a_page(load):
    (tile,) = load(BEDS)["hospital"].spec.tiles
    assert tile.names == {"bed.avail", "bed.staffed", "bed.dirty"}


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("metric: bed.avail, how: sum", "metric: bed.occ_staffed, how: sum", 9, ["bed.occ_staffed is a ratio"]),
        ("metric: bed.avail, how: sum", "metric: bed.avail, how: ratio", 9, ["bed.avail is no ratio"]),
        ("metric: bed.avail, how: sum", "metric: bed.avail, how: in_range", 9, ["bed.avail is of no device"]),
        ("metric: bed.avail, how: sum", "metric: bed.avail, how: sum, use: icu", 9, ["bed.avail is of no device"]),
        ("over: bed.staffed", "over: bed.stafed", 9, ["'bed.stafed'", "'bed.staffed'"]),
        ("beside: {metric: bed.staffed", "beside: {metric: bed.stafed", 7, ["'bed.stafed'"]),
        ('"trên {}", en: "of {}"', '"trên", en: "of"', 6, ["beside stands where its unit has {}"]),
        ("sign: plus, ", "", 12, ["a result needs a lead with facts that have a sign"]),
        ("size: lead", "size: wide", 12, ["a result needs a lead"]),
        ("of: bed.staffed", "of: bed.stafed", 13, ["'bed.stafed'"]),
        ("{metric: bed.avail, look", "{metric: bed.avial, look", 13, ["'bed.avial'"]),
        ("look: free", "look: gone", 13, ["look"]),
        ("of: bed.staffed, ", "to: 100, ", 13, ["a rule reaches to a number or to a metric"]),
        ("of: bed.staffed, ", "of: bed.staffed, to: 100, ", 13, ["a rule reaches to a number or to a metric"]),
        ("{page: beds}", "{page: beds, class: bed}", 14, ["to a class or to a page"]),
        ("{page: beds}", "{}", 14, ["to a class or to a page"]),
        ("{page: beds}", "{page: bed}", 14, ["page"]),
    ],
)
def test_what_is_wrong_with_a_tile_of_the_census_is_told_too(faults, old, new, line, words):
    assert old in BEDS
    found = faults(BEDS.replace(old, new, 1))
    assert all(any(word in fault for fault in found) for word in words), found
    assert any(f"hospital.yaml:{line}:" in fault for fault in found), found


def test_no_board_file_at_all_is_a_fault(tmp_path, catalogue):
    with pytest.raises(RefuseToStartError):
        load_boards(tmp_path, catalogue)
