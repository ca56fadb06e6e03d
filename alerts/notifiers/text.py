"""The words of a message for people: one subject and one plain text, in the language of whoever gets it."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.message import Message, Status
from ioc.domain import SECOND, Quality

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS: Mapping[str, str] = {"Cel": "°C", "m3": "m³", "m3/h": "m³/h", "By": "B", "By/s": "B/s"}
_NO_UNIT = "1"  # a state or a count: the title says what the number means

_WORDS: Mapping[str, Mapping[str, str]] = {
    "vi": {
        "critical": "Khẩn",
        "warning": "Cảnh báo",
        "missing": "Mất tín hiệu",
        "resolved": "Xong",
        "test": "Thử",
        "again": "nhắc lại",
        "sim": "Mô phỏng",
        "said_level": "Mức đã đổi, nay là: {level}.",
        "said_missing": "Không còn nhận được số liệu. Việc này chưa được coi là xong.",
        "said_resolved": "Đã trở lại bình thường.",
        "said_test": "Đây là tin thử của trung tâm điều hành. Không cần làm gì.",
        "said_again": "Lời nhận xử lý đã hết hạn mà việc chưa xong.",
        "level": "Mức",
        "since": "Từ lúc",
        "at": "Lúc",
        "value": "Giá trị",
        "bad": "chất lượng xấu",
        "about": "Nơi",
        "steps": "Việc cần làm:",
        "link": "Mở trang:",
        "why": "Bạn nhận tin này vì thuộc nhóm được báo của quy tắc {rule}.",
        "why_test": "Bạn nhận tin này vì địa chỉ của bạn có trong danh sách người được báo.",
    },
    "en": {
        "critical": "Critical",
        "warning": "Warning",
        "missing": "No signal",
        "resolved": "Resolved",
        "test": "Test",
        "again": "again",
        "sim": "Simulated",
        "said_level": "The level has changed, now: {level}.",
        "said_missing": "No values come any more. This does not count as resolved.",
        "said_resolved": "Back to normal.",
        "said_test": "This is a test of the operations centre. There is nothing to do.",
        "said_again": "The acknowledgement has expired and this is not resolved.",
        "level": "Level",
        "since": "Since",
        "at": "At",
        "value": "Value",
        "bad": "bad quality",
        "about": "Where",
        "steps": "What to do:",
        "link": "Open:",
        "why": "You get this because you are in the group that is told by the rule {rule}.",
        "why_test": "You get this because your address is in the list of people who are told.",
    },
    "fr": {
        "critical": "Critique",
        "warning": "Alerte",
        "missing": "Sans signal",
        "resolved": "Résolu",
        "test": "Essai",
        "again": "rappel",
        "sim": "Simulation",
        "said_level": "Le niveau a changé, maintenant : {level}.",
        "said_missing": "Plus aucune valeur n’arrive. Ceci ne compte pas comme résolu.",
        "said_resolved": "Retour à la normale.",
        "said_test": "Ceci est un essai du centre de pilotage. Il n’y a rien à faire.",
        "said_again": "La prise en charge a expiré et ceci n’est pas résolu.",
        "level": "Niveau",
        "since": "Depuis",
        "at": "À",
        "value": "Valeur",
        "bad": "mauvaise qualité",
        "about": "Lieu",
        "steps": "À faire :",
        "link": "Ouvrir :",
        "why": "Vous recevez ceci car vous êtes dans le groupe averti par la règle {rule}.",
        "why_test": "Vous recevez ceci car votre adresse est dans la liste des personnes averties.",
    },
}


def subject(message: Message) -> str:
    """``[Khẩn] Tủ tl-01 ấm 9,4 °C · BVĐK Sông Mây``."""
    words = _words(message)
    mark = message.level if message.status in (Status.FIRING, Status.LEVEL) else message.status
    again = f" · {words['again']}" if message.again else ""
    title, simulated = one_line(message.title), f"[{words['sim']}]"
    if message.quality == Quality.SIM and not title.startswith(simulated):
        title = f"{simulated} {title}"
    place = one_line(message.place)
    where = f" · {place}" if place and place not in title else ""
    return f"[{words.get(mark, mark)}{again}] {title}{where}"


def body(message: Message, zone: str) -> str:
    """What, since when, what to do, where to look, and why it came. Times are local."""
    words = _words(message)
    parts = [
        [subject(message), *_said(message, words)],
        _facts(message, words, zone),
        [words["steps"], *(f"{n}. {one_line(step)}" for n, step in enumerate(message.steps, 1))]
        if _to_do(message)
        else [],
        [f"{words['link']} {one_line(message.url)}"] if message.url else [],
        [words["why_test"] if message.status == Status.TEST else words["why"].format(rule=message.rule)],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def one_line(text: str) -> str:
    """Without line ends and other characters that steer: names of devices come from outside."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _words(message: Message) -> Mapping[str, str]:
    return _WORDS.get(message.language, _WORDS["vi"])


def _to_do(message: Message) -> bool:
    return bool(message.steps) and message.status not in (Status.RESOLVED, Status.TEST)


def _said(message: Message, words: Mapping[str, str]) -> list[str]:
    """One sentence on what has happened, where the subject does not say it."""
    key = "said_again" if message.again else f"said_{message.status}"
    return [words[key].format(level=words.get(message.level, message.level))] if key in words else []


def _facts(message: Message, words: Mapping[str, str], zone: str) -> list[str]:
    since_ns = message.since_ns or message.event_ns
    facts = {"level": words.get(message.level, ""), "since": _moment(since_ns, message.language, zone)}
    if message.event_ns != since_ns:
        facts["at"] = _moment(message.event_ns, message.language, zone)
    if message.value is not None and message.unit != _NO_UNIT:
        facts["value"] = _quantity(message.value, message.unit, message.language)
        if message.quality in words:
            facts["value"] += f" ({words[message.quality].lower()})"
    facts["about"] = ", ".join(f"{name} {one_line(value)}" for name, value in message.labels.items())
    return [] if message.status == Status.TEST else [f"{words[key]}: {text}" for key, text in facts.items() if text]


def _quantity(value: float, unit: str, language: str) -> str:
    number = f"{value:.6g}".replace("-", "−")
    if language != "en":
        number = number.replace(".", ",")
    return f"{number} {_UNITS.get(unit, unit)}".strip()


def _moment(ns: int, language: str, zone: str) -> str:
    """``14:32 21/11/2026``, in English ``14:32 21 Nov 2026``."""
    local = datetime.fromtimestamp(ns / SECOND, ZoneInfo(zone))
    if language == "en":
        return f"{local:%H:%M} {local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{local:%H:%M %d/%m/%Y}"
