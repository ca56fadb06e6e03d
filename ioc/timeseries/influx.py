"""The client of InfluxDB 2: questions and management through influxdb-client, lines over the same connections."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import influxdb_client
from influxdb_client.rest import ApiException
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError, LocationValueError

from ioc.config import Secret
from ioc.domain import SECOND
from ioc.errors import MisconfiguredError, RetryError
from ioc.timeseries.contract import FIVE_MINUTES, HOUR
from ioc.timeseries.influx_csv import Rows, Table, parse
from ioc.timeseries.influx_flux import Script
from ioc.timeseries.influx_http import (
    ANSWER_S,
    Deadline,
    RefusedError,
    bounded_pool,
    lines_of,
    meaning,
    shown,
    unreachable,
)

_library: Any = influxdb_client  # it says of few of its functions what they take
_DIALECT = _library.Dialect(header=True, annotations=[], delimiter=",", date_time_format="RFC3339Nano")


@dataclass(frozen=True, slots=True)
class Access:
    """Where the server is, and what it lets us do. ``bucket`` is the one of the raw values, ``ca_file`` holds the
    authority whose certificates are believed, empty where those of the machine are."""

    url: str
    org: str
    bucket: str
    token: Secret
    ca_file: str = ""

    def tier(self, tier: int) -> str:
        """The bucket of a tier, given by the length of its rows."""
        return {FIVE_MINUTES: self.five_minutes, HOUR: self.one_hour}[tier]

    @property
    def five_minutes(self) -> str:
        """The bucket of the five-minute values."""
        return f"{self.bucket}_5m"

    @property
    def one_hour(self) -> str:
        """The bucket of the hourly values."""
        return f"{self.bucket}_1h"

    @property
    def notes(self) -> str:
        """The bucket of what the store must know of itself: which series there are, what is rolled up."""
        return f"{self.bucket}_notes"

    @property
    def buckets(self) -> tuple[str, ...]:
        """All of them."""
        return self.bucket, self.five_minutes, self.one_hour, self.notes


class Server:
    """One server. May be used by several threads, and must be made after a fork.

    Every method raises RetryError while the server cannot, MisconfiguredError where a person has to mend something,
    and RefusedError where what was sent is wrong.
    """

    def __init__(self, access: Access, *, answer_s: float = ANSWER_S, keep_alive: bool = True) -> None:
        self.access = access
        self._answer_s = answer_s
        self._keep_alive = keep_alive
        self._url = access.url.rstrip("/")
        self._pool = bounded_pool(answer_s, access.ca_file)
        self._client = self._connect(self._pool)
        self._headers = {
            "Authorization": f"Token {access.token.reveal()}",
            "Content-Type": "text/plain; charset=utf-8",
        }

    def write(self, bucket: str, body: str) -> None:
        """Lines of line protocol; they are durable when this returns."""
        asked = urlencode({"org": self.access.org, "bucket": bucket, "precision": "ns"})
        with Deadline(self._answer_s) as deadline, self._meaning(), deadline.watching():
            answer = self._pool.request(
                "POST", f"{self._url}/api/v2/write?{asked}", body=body.encode(), headers=self._headers
            )
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise meaning(shown(self._url), answer.status, answer.headers, answer.data)
        if "html" in answer.headers.get("Content-Type", ""):
            what = f"What answers at {shown(self._url)} is a web page and not InfluxDB."
            raise MisconfiguredError(what, "See IOC_INFLUXDB__URL.")

    def ask(self, script: Script) -> Iterator[tuple[Table, Rows]]:
        """The tables of all questions of a script as they come."""
        with self._asking() as client, Deadline(self._answer_s) as deadline, self._meaning():
            with deadline.watching():
                answer = client.query_api().query_raw(script.text, dialect=_DIALECT, params=script.params)
            try:
                yield from parse(lines_of(answer))
            except ValueError as error:
                raise RetryError(f"InfluxDB broke off its answer: {error}.") from error
            finally:
                answer.close()  # one that was read to its end has given its connection back

    def delete(self, bucket: str, measurement: str, start: str, stop: str) -> None:
        """Drop what a bucket has of one of our own measurements between two moments in RFC 3339."""
        with self._meaning():
            self._client.delete_api().delete(start, stop, f'_measurement="{measurement}"', bucket, self.access.org)

    def set_up(self, user: str, password: str, token: str) -> bool:
        """Make the first user, organisation and operator's token of a new server; False where it is none."""
        with self._meaning():
            setup = _library.SetupService(self._client.api_client)
            if not setup.get_setup().allowed:
                return False
            first = _library.OnboardingRequest(
                username=user, password=password, org=self.access.org, bucket=self.access.bucket, token=token
            )
            setup.post_setup(first)
            return True

    def may_use_buckets(self) -> bool:
        """Whether the token may write all buckets, and they are there."""
        try:
            for bucket in self.access.buckets:
                self.write(bucket, "")
        except MisconfiguredError:
            return False
        return True

    def may_read_buckets(self) -> bool:
        """Whether the token may read all buckets, and they are there."""
        script = Script()
        for number, bucket in enumerate(self.access.buckets):
            script.ask(str(number), script.rows(bucket, 0, 1))
        try:
            list(self.ask(script))
        except MisconfiguredError:
            return False
        return True

    def make_bucket(self, name: str, retention_ns: int) -> bool:
        """Make a bucket, or give the one that is there this retention (0: for ever); True when it is new."""
        rules = [_library.BucketRetentionRules(type="expire", every_seconds=retention_ns // SECOND)]
        with self._meaning():
            found = self._bucket(name)
            if found is None:
                self._client.buckets_api().create_bucket(bucket_name=name, retention_rules=rules, org=self.access.org)
                return True
            found.retention_rules = rules
            self._client.buckets_api().update_bucket(found)
            return False

    def drop_bucket(self, name: str) -> None:
        """Drop a bucket with all that is in it."""
        with self._meaning():
            found = self._bucket(name)
            if found is not None:
                self._client.buckets_api().delete_bucket(found)

    def make_token(self, description: str, *, write: bool = True) -> Secret:
        """A new token that may read, and maybe write, our buckets and nothing else."""
        with self._meaning():
            found = [self._bucket(name) for name in self.access.buckets]
            rights = [
                _library.Permission(
                    action, _library.PermissionResource(type="buckets", id=bucket.id, org_id=bucket.org_id)
                )
                for bucket in found
                for action in (("read", "write") if write else ("read",))
            ]
            wanted = _library.Authorization(org_id=found[0].org_id, permissions=rights, description=description)
            return Secret(self._client.authorizations_api().create_authorization(authorization=wanted).token)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()
        self._pool.clear()

    def _connect(self, pool: PoolManager) -> Any:
        token = self.access.token.reveal()
        client = _library.InfluxDBClient(self._url, token, org=self.access.org, timeout=int(self._answer_s * 1000))
        client.api_client.rest_client.pool_manager = pool
        return client

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        """The client, or one for a single question: the web server's threads have a loop of gevent for each task, and
        a connection that another task has opened belongs to a loop that is no more."""
        if self._keep_alive:
            yield self._client
            return
        pool = bounded_pool(self._answer_s, self.access.ca_file)
        client = self._connect(pool)
        try:
            yield client
        finally:
            client.close()
            pool.clear()

    def _bucket(self, name: str) -> Any:
        """The bucket of our organisation, None where it has none of this name."""
        orgs = self._client.organizations_api().find_organizations(org=self.access.org)
        if not orgs:
            raise MisconfiguredError(f"The token may not see the organisation {self.access.org}.", "Take an admin's.")
        try:
            return self._client.buckets_api().find_buckets(name=name, org_id=orgs[0].id).buckets[0]
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    @contextmanager
    def _meaning(self) -> Iterator[None]:
        where = shown(self._url)
        try:
            yield
        except ApiException as error:
            if error.status:
                raise meaning(where, error.status, error.headers or {}, error.body or b"") from error
            raise unreachable(where, error) from error
        except LocationValueError as error:
            raise MisconfiguredError(f"IOC_INFLUXDB__URL is no address: {error}.") from error
        except HTTPError as error:
            raise unreachable(where, error) from error


__all__ = ["Access", "RefusedError", "Server"]
