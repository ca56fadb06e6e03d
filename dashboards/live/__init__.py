"""What is true now, on its way to the screens: one hub a process, one stream a screen."""

from dashboards.live.hub import Hub, TooManyStreamsError
from dashboards.live.view import Alerted, Payload, View

__all__ = ["Alerted", "Hub", "Payload", "TooManyStreamsError", "View"]
