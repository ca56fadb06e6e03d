"""What is true now: the newest value of each series, with a change number; what boards, API and alerts read."""

from ioc.latest.ages import max_age_ns
from ioc.latest.book import Book
from ioc.latest.present import LatestReader, Present
from ioc.latest.tables import latest, latest_counter
from ioc.latest.value import Value
from ioc.latest.writer import LatestWriter

__all__ = ["Book", "LatestReader", "LatestWriter", "Present", "Value", "latest", "latest_counter", "max_age_ns"]
