"""The pages that a stream may ask for by name (``?view=``); a new one adds a line."""

from collections.abc import Callable, Mapping

from flask import Flask

from dashboards.live.view import View

# name: factory of the application and the query's arguments (facility, site, lang, …)
VIEWS: dict[str, Callable[[Flask, Mapping[str, str]], View]] = {}
