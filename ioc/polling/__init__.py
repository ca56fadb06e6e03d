"""Asking many targets in turn: what probes and scrapes share, so that each of them says only what it asks."""

from ioc.polling.certificate import days_left
from ioc.polling.codes import code_of, codes
from ioc.polling.collector import PollingCollector
from ioc.polling.files import Made, UnusableError, faults_of_files, read_secret_file, trust
from ioc.polling.found import ALIVE, IDENTITY, Alive, Found, Line, Look, thing
from ioc.polling.network import Deadline, open_socket, said, secured
from ioc.polling.targets import Note, Target, TargetShape, Writes, names_of, read_targets, sound
from ioc.polling.web import Answer, Page, WebShape, get

__all__ = [
    "ALIVE",
    "IDENTITY",
    "Alive",
    "Answer",
    "Deadline",
    "Found",
    "Line",
    "Look",
    "Made",
    "Note",
    "Page",
    "PollingCollector",
    "Target",
    "TargetShape",
    "UnusableError",
    "WebShape",
    "Writes",
    "code_of",
    "codes",
    "days_left",
    "faults_of_files",
    "get",
    "names_of",
    "open_socket",
    "read_secret_file",
    "read_targets",
    "said",
    "secured",
    "sound",
    "thing",
    "trust",
]
