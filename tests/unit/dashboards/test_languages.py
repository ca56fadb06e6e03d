"""Every page speaks one language: nothing is untranslated, and no English word of the interface stands on a page in
another language."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from babel.messages.pofile import read_po

from dashboards.assets import TRANSLATIONS
from ioc.assets import Asset, AssetKind
from ioc.domain import FactKind, Quality, Spot
from ioc.errors import Reason
from ioc.intake import Reject
from tests.unit.dashboards.alerting import deliver, raise_incident, text
from tests.unit.dashboards.bedside import WARD, Bedside
from tests.unit.dashboards.wards import put_emergency, put_ward

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "dashboards" / "templates"
OTHERS = ("vi", "fr")
WORD = re.compile(r"[A-Za-z]{4,}")
CODE = re.compile(r"[._/@=\\\d]")
# what is read from an element besides its text
READ = ("aria-label", "alt", "title", "placeholder", "content", "data-label")
# names, codes and what somebody else wrote: no words of ours
NAMES = {"Excel"}  # the same in every language
QUIET = {"code", "pre", "script", "style", "textarea"}
ARGUMENTS = {
    "facility": "bv01",
    "site": "cs1",
    "device": "tl-01",
    "province": "song-may",
    "ward": WARD,
    "incident": "i0123456789abcde",
    "visit": "v4",
    "message": "00c0ffee",
    "number": 1,
    "asset": "server-1",
    "kind": "csv",
}
RUNBOOK = text(
    {
        "path": "r.md",
        "steps": {"vi": ["Đóng cửa"], "en": ["Shut it"], "fr": ["Fermer"]},
        "source": {"vi": "WHO", "en": "WHO", "fr": "OMS"},
    }
)
PROGRAMS = ("/api/", "/static/", "/figures/", "/healthz", "/metrics", "/screen")


class Texts(HTMLParser):
    """The texts of a page in its own language, as (element, text); names and codes are left out."""

    VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "source", "use", "rect", "path", "line", "circle"})

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language
        self.open: list[tuple[str, bool]] = []
        self.found: list[tuple[str, str]] = []

    @property
    def quiet(self) -> bool:
        return any(quiet for _, quiet in self.open)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        foreign = given.get("lang", self.language) != self.language
        quiet = tag in QUIET or foreign or given.get("translate") == "no"
        if not self.quiet and not quiet:
            says = [name for name in given if name in READ or name.startswith("data-say") or name == "data-refused"]
            self.found += [(f"{tag} {name}", given[name]) for name in says if given[name] and tag != "meta"]
        if tag not in self.VOID:
            self.open.append((tag, quiet))

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if data.strip() and not self.quiet:
            self.found.append((self.open[-1][0] if self.open else "", " ".join(data.split())))


def catalogue(language: str):
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def texts_of_data() -> Iterator[tuple[str, dict[str, str]]]:
    """Every text of the shipped configuration with its place; templates of runbooks have their own tests."""
    for path in sorted((ROOT / "configs").rglob("*.yaml")):
        found: list[object] = [yaml.safe_load(path.read_text(encoding="utf-8"))]
        while found:
            one = found.pop()
            if isinstance(one, dict):
                if isinstance(one.get("vi"), str):
                    yield str(path.relative_to(ROOT)), one
                found += one.values()
            elif isinstance(one, list):
                found += one


def words_of(texts) -> set[str]:
    """Words of four letters and more; what has a sign within it is an address or a code (``bed.avail``)."""
    plain = (re.sub(r"%\(\w+\)[sd]|\{[^}]*\}", " ", text) for text in texts)
    tokens = (token.strip("()[]\"'«»“”,;:.!?…") for text in plain for token in text.split())
    return {word.lower() for token in tokens if not CODE.search(token) for word in WORD.findall(token)}


@pytest.fixture(scope="module")
def foreign() -> dict[str, set[str]]:
    """By language, the words that only English texts of the interface have."""
    data = [text for _, text in texts_of_data()]
    found = {}
    for language in OTHERS:
        pairs = [(m.id, m.string) for m in catalogue(language) if m.id]
        english = words_of(t for ids, _ in pairs for t in ((ids,) if isinstance(ids, str) else ids))
        own = words_of(t for _, strings in pairs for t in ((strings,) if isinstance(strings, str) else strings))
        english |= words_of(text.get("en", "") for text in data)
        own |= words_of(text.get(language, "") for text in data)
        found[language] = english - own
    return found


@pytest.fixture
def full(web):
    """A hospital of which every page has something to show, good and bad."""
    side = Bedside(web)
    side.ward()
    side.admit("v1", "101", "1", minutes=90)
    side.admit("v2", "101", "1", minutes=80)
    side.admit("v3", "9", "Z9", ward="NGOAI^X", minutes=70)
    side.say(side.fact(FactKind.DISCHARGED, 60, visit="v4", spot=Spot(WARD, "101", "3"), message=ARGUMENTS["message"]))
    side.hear(Quality.SIM)
    assets = [Asset("bv01", "cs1", f"{kind.value}-1", kind, watched=True) for kind in AssetKind]
    web.services.assets.apply(web.services.assets.preview(assets), "test")
    web.put("host.up,asset=server-1,facility=bv01,host=server-1,site=cs1", 1, source="hosts")
    put_ward(web)
    put_emergency(web, patients=3, arrivals=1)
    for number, (device, quality) in enumerate(
        (("tl-01", Quality.GOOD), ("tl-02", Quality.SIM), ("tl-03", Quality.BAD))
    ):
        key = f"fridge.temp,device={device},facility=bv01,site=cs1"
        web.put(key, 12.5, age_s=400 * number, quality=quality)
    told = {"rule": "r-1", "notify": "kho-lanh", "owner": "duoc", "runbook": RUNBOOK}
    raise_incident(web, **told)
    raise_incident(web, id="i2", level="warning", status="missing", missing_since_ns=1, acked_by="lan", **told)
    deliver(web, "i2", tries=2)
    reject = Reject(topic="t", facility="bv01", reason=Reason.JSON, detail="", raw=b"x", received_ns=web.clock.now_ns())
    web.services.quarantine.put("mqtt", reject)
    return web


def addresses(web) -> Iterator[str]:
    """Every page that a person may open, and some of their variants."""
    urls = web.app.url_map.bind("localhost")
    for rule in web.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.rule.startswith(PROGRAMS):
            strange = rule.arguments - ARGUMENTS.keys()
            assert not strange, f"say in ARGUMENTS what {strange} of {rule.rule} may be"
            yield urls.build(rule.endpoint, {name: ARGUMENTS[name] for name in rule.arguments})
    yield from (
        "/alerts?facility=bv01",
        "/history?facility=bv01&metric=bed.occ_staffed",
        f"/quality/bv01/ward/{quote('NGOAI-X')}",
        "/inventory/bv02",
        "/wall/bv02/it",
        "/wall/bv02",
        "/wall/bv01/nowhere",
        "/devices/bv02",
        "/reports/handover/bv02",
        "/reports/summary/bv01?until=2026-11-23",
        "/no-such-page",
    )


def visited(web, language: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    client = web.browser("admin")
    for address in addresses(web):
        answer = client.get(address, query_string=None if "?" in address else {"lang": language})
        if "?" in address:
            answer = client.get(f"{address}&lang={language}")
        if answer.mimetype != "text/html":  # a file
            continue
        parser = Texts(language)
        parser.feed(answer.text)
        yield address, parser.found


@pytest.mark.parametrize("language", ["vi", "en", "fr"])
def test_no_translation_is_a_guess_or_left_over(language):
    found = catalogue(language)
    assert [message.id for message in found if message.id and message.fuzzy] == []
    assert not found.obsolete


def test_every_text_of_the_configuration_has_three_languages():
    lacking = [
        f"{path}: {text}" for path, text in texts_of_data() if not all(text.get(code) for code in ("vi", "en", "fr"))
    ]
    assert lacking == []


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_word_of_the_interface_stands_on_a_page(full, foreign, language):
    found = sorted(
        {
            f"{address}: {where}: {said}: {', '.join(sorted(words))}"
            for address, texts in visited(full, language)
            for where, said in texts
            if (words := words_of([said]) & foreign[language])
        }
    )
    assert found == [], "\n".join(found)


def test_no_template_has_a_text_of_its_own():
    """A text that is not asked for through gettext has no language."""
    found = []
    for path in sorted(TEMPLATES.rglob("*.html")):
        source = path.read_text(encoding="utf-8").replace(' lang="{{ language }}"', "")
        source = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", source, flags=re.DOTALL)
        parser = Texts("")
        parser.feed(source)
        texts = [text for where, text in parser.found if " " not in where and '="' not in text]
        found += [f"{path.name}: {text}" for text in texts if WORD.search(text) and text not in NAMES]
    assert found == []
