"""Settings, secrets, and the reading of the YAML files that an operator writes."""

from ioc.config.address import Address
from ioc.config.database_url import parse_database_url
from ioc.config.faults import Faults, hint_for, nearest
from ioc.config.files import Document, Where, load_yaml, shown, yaml_files
from ioc.config.keys import ensure_secrets, read_secret
from ioc.config.load import load_settings
from ioc.config.parse import parse_duration, parse_size
from ioc.config.secret import Secret
from ioc.config.settings import SETTINGS, Setting, Settings
from ioc.config.shape import Duration, Shape, validate, validate_each

__all__ = [
    "SETTINGS",
    "Address",
    "Document",
    "Duration",
    "Faults",
    "Secret",
    "Setting",
    "Settings",
    "Shape",
    "Where",
    "ensure_secrets",
    "hint_for",
    "load_settings",
    "load_yaml",
    "nearest",
    "parse_database_url",
    "parse_duration",
    "parse_size",
    "read_secret",
    "shown",
    "validate",
    "validate_each",
    "yaml_files",
]
