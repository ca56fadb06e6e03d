"""Lines into InfluxDB: as many as it takes, and down to each that it does not."""

from collections.abc import Sequence

from ioc.timeseries.influx import RefusedError, Server

AT_ONCE = 5_000  # lines in a request


def write(server: Server, bucket: str, lines: Sequence[str]) -> list[tuple[int, str]]:
    """Store lines; gives (index, the server's reason) of those that it never takes. Raises as ``Server.write`` does.

    After 400 nothing of a body is stored, after 422 all but the bad lines; both are halved until each bad line
    stands alone, and the good ones are written again: they overwrite themselves.
    """
    refused: list[tuple[int, str]] = []
    for first in range(0, len(lines), AT_ONCE):
        refused += _written(server, bucket, lines[first : first + AT_ONCE], first)
    return refused


def _written(server: Server, bucket: str, lines: Sequence[str], first: int) -> list[tuple[int, str]]:
    try:
        server.write(bucket, "\n".join(lines))
    except RefusedError as error:
        if len(lines) == 1 or error.dropped == len(lines):
            return [(first + number, str(error)) for number in range(len(lines))]
    else:
        return []
    middle = len(lines) // 2
    return _written(server, bucket, lines[:middle], first) + _written(server, bucket, lines[middle:], first + middle)
