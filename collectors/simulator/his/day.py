"""How a day goes in a hospital: when people come, when they go home, and how long they stay."""

from random import Random

from collectors.simulator.his.hospital import DAY, HOUR, ZONE

_HOURS = {  # how much happens in each hour of the day, only the shape matters
    "admit": "1 1 1 1 1 2 3 6 10 11 9 7 5 6 8 8 7 5 4 4 3 3 2 2",
    "emergency": "3 2 2 2 2 3 4 6 8 9 9 8 7 7 8 8 8 8 9 10 10 8 6 4",
    "outpatient": "0 0 0 0 0 1 6 20 22 18 10 5 1 6 9 7 4 1 0 0 0 0 0 0",
    "update": "2 1 1 1 1 2 5 10 12 12 11 9 5 7 9 9 8 6 4 4 4 3 3 2",
    "transfer": "1 1 1 1 1 1 2 4 8 9 9 8 5 5 8 8 7 5 4 4 3 2 2 1",
}
_SHAPES = {name: [float(word) for word in words.split()] for name, words in _HOURS.items()}
_SHARES = {name: [hour / max(shape) for hour in shape] for name, shape in _SHAPES.items()}
_MEANS = {name: sum(shares) / 24 for name, shares in _SHARES.items()}

STAY_DAYS = {
    "general": 6.0,
    "icu": 4.0,
    "emergency": 1.0,
    "neonatal": 6.0,
    "isolation": 7.0,
    "negative": 8.0,
    "maternity": 3.5,
    "paediatric": 4.0,
    "day": 0.3,
}


def share(curve: str, at: int) -> float:
    """How busy this hour is, of the busiest one of the curve."""
    return _SHARES[curve][(at + ZONE) % DAY // HOUR]


def peak(curve: str, per_day: float) -> float:
    """Times in a millisecond of the busiest hour, where it happens so often on a day."""
    return per_day / _MEANS[curve] / DAY


def stay(kind: str, chance: Random) -> int:
    """How long a stay in such a bed is planned to be, ms: many are short, some are very long."""
    return int(STAY_DAYS.get(kind, STAY_DAYS["general"]) * DAY * chance.lognormvariate(-0.18, 0.6))


def going_home(wanted: int, not_before: int, chance: Random) -> int:
    """The moment of a discharge on the day of ``wanted`` or a later one: nearly all between 10 and 16 h."""
    if chance.random() < 0.1:
        return max(wanted, not_before)
    at = (wanted + ZONE) // DAY * DAY - ZONE + int(chance.triangular(10.0, 16.0, 11.5) * HOUR)
    while at < not_before:
        at += DAY
    return at
