"""The address of the database: what is taken, and that what is refused is not repeated."""

import pytest
from sqlalchemy import make_url

from ioc.config import parse_database_url
from ioc.database import driver_url, shown_url


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////var/lib/me@home/ioc.sqlite",
        "postgresql:///ioc",
        "postgresql://ioc@db.hospital.lan/ioc?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "postgresql+psycopg://ioc:pw@[::1]:5432/ioc",
        "postgresql://ioc:p%40s%2Fs@db:5432/ioc",
        "postgresql://ioc:a:b?c@db/ioc",  # not as it should be, but plain enough to go on working
        "postgresql://ioc@one,two/ioc?target_session_attrs=read-write",
        "postgresql://ioc@/ioc?host=/var/run/postgresql",
    ],
)
def test_what_can_be_right_is_taken_as_it_is(url: str) -> None:
    assert parse_database_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://hosp:secret/he@im1@127.0.0.1:5432/ioc",
        "postgresql://hosp:secret@im1@127.0.0.1/ioc",
        "postgresql://hosp:secret/im1@127.0.0.1/ioc",
        "postgresql://hosp:secret?im1@secret@127.0.0.1/ioc",
        "postgresql://hosp:12/secret@im1@127.0.0.1/ioc",
        "postgresql://hosp:12?secret@im1@127.0.0.1/ioc",
        "postgresql://hosp:secret/ioc",
        "postgres://hosp:secret@im1@127.0.0.1/ioc",
        "mysql://hosp:secret@127.0.0.1/ioc",
        "postgresql:hosp:secret@127.0.0.1/ioc",
    ],
)
def test_what_cannot_be_right_is_refused_without_a_word_of_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"percent-encoded|does not begin with") as caught:
        parse_database_url(url)
    assert "secret" not in str(caught.value)
    assert "im1" not in str(caught.value)


def test_the_short_scheme_of_libpq_is_the_long_one() -> None:
    assert parse_database_url("postgres://ioc:pw@db/ioc") == "postgresql://ioc:pw@db/ioc"
    assert driver_url("postgres://ioc@db/ioc") == "postgresql+psycopg://ioc@db/ioc"
    assert make_url(driver_url("postgres://ioc@db/ioc")).get_backend_name() == "postgresql"


def test_a_url_is_shown_without_password_and_options() -> None:
    assert shown_url("postgresql://ioc:pw@db:5432/ioc?password=pw") == "postgresql://ioc:***@db:5432/ioc"
