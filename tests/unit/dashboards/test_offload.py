"""Work beside gevent's loop; in a process that is not patched, at once."""

import pytest

from dashboards import offload as module
from dashboards.offload import OwnThread, in_background, offload


def divide(a: int, b: int = 1) -> float:
    return a / b


@pytest.fixture(params=[False, True], ids=["plain", "gevent"])
def patched(request, monkeypatch):
    """Both ways: gevent's threadpool works without patching too, where one greenlet waits."""
    monkeypatch.setattr(module, "patched", lambda: request.param)


@pytest.mark.usefixtures("patched")
@pytest.mark.parametrize("run", [offload, OwnThread()])
def test_the_result_comes_back(run):
    assert run(divide, 6, b=3) == 2.0


@pytest.mark.usefixtures("patched")
@pytest.mark.parametrize("run", [offload, OwnThread()])
def test_an_error_comes_back_and_is_not_printed(run, capfd):
    with pytest.raises(ZeroDivisionError):
        run(divide, 1, b=0)
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("patched")
def test_what_fails_in_the_background_is_logged(caplog, monkeypatch):
    import gevent

    in_background(divide, 1, b=0)
    gevent.get_hub().threadpool.join()
    assert "not done in the background" in caplog.text
