"""The numbers of printed reports: the morning handover and the summary of some days. Words and looks are elsewhere."""

from ioc.reports.handover import Handover, Line, handover_of, total_of
from ioc.reports.spans import Span, days_until, whole_day
from ioc.reports.summary import (
    Answers,
    Asked,
    Beds,
    Day,
    Heard,
    Stays,
    Summary,
    WardSum,
    answers_of,
    beds_by_hour,
    heard_of,
    share_of,
    summary_of,
)

__all__ = [
    "Answers",
    "Asked",
    "Beds",
    "Day",
    "Handover",
    "Heard",
    "Line",
    "Span",
    "Stays",
    "Summary",
    "WardSum",
    "answers_of",
    "beds_by_hour",
    "days_until",
    "handover_of",
    "heard_of",
    "share_of",
    "summary_of",
    "total_of",
    "whole_day",
]
