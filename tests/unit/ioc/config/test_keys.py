"""Secrets: made on the first start, refused where they cannot be trusted, never printed."""

import copy
import logging
import pickle
import stat
import threading
from pathlib import Path

import pytest

from ioc.config import Secret, Settings, ensure_secrets, load_settings, read_secret
from ioc.config.keys import NAMES
from ioc.errors import RefuseToStartError

GOOD = "Zk3vQ0_8xT5pLr2WmY7uBn4sHc9dEa1fGj6iKo-XyPq="


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"IOC_DATA_DIR": str(tmp_path / "data")})


def write(settings: Settings, text: str, mode: int = 0o600) -> None:
    path = settings.data_dir / "secrets" / "web.key"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def test_the_first_start_makes_every_key_for_their_owner_only(settings: Settings) -> None:
    ensure_secrets(settings)
    folder = settings.data_dir / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(path.name for path in folder.iterdir()) == [f"{name}.key" for name in sorted(NAMES)]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    web, quarantine = read_secret(settings, "web"), read_secret(settings, "quarantine")
    assert web != quarantine
    assert len(web.reveal()) == 44


def test_a_key_that_is_there_stays_as_it_is(settings: Settings) -> None:
    write(settings, f"{GOOD}\n")
    ensure_secrets(settings)
    assert read_secret(settings, "web").reveal() == GOOD


def test_a_folder_that_others_could_read_is_closed(settings: Settings) -> None:
    write(settings, GOOD)
    (settings.data_dir / "secrets").chmod(0o755)
    ensure_secrets(settings)
    assert stat.S_IMODE((settings.data_dir / "secrets").stat().st_mode) == 0o700


def test_processes_that_start_together_agree_on_one_key(settings: Settings) -> None:
    seen: list[str] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        ensure_secrets(settings)
        seen.append(read_secret(settings, "web").reveal())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1
    assert len(list((settings.data_dir / "secrets").iterdir())) == len(NAMES)


def test_a_data_folder_that_cannot_be_written_is_one_sentence_with_the_command(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = load_settings({"IOC_DATA_DIR": str(tmp_path / "file" / "data")})
    with pytest.raises(RefuseToStartError) as refused:
        ensure_secrets(settings)
    (fault,) = refused.value.faults
    assert fault.where == f"IOC_DATA_DIR={settings.data_dir}"
    assert "cannot be written: Not a directory" in fault.what
    assert fault.hint.endswith(f"sudo chown -R $(id -un) {settings.data_dir}")


def test_a_missing_key_is_refused(settings: Settings) -> None:
    with pytest.raises(RefuseToStartError, match=r"web\.key: there is no such key\."):
        read_secret(settings, "web")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "fewer than 32"),
        ("tooFew", "fewer than 32"),
        ("changeme" * 8, "others know or guess"),
        ("a" * 64, "others know or guess"),
        ("MySecretKeyForTheHospitalCentre-2026", "others know or guess"),
    ],
)
def test_a_short_or_known_key_is_refused(settings: Settings, text: str, reason: str) -> None:
    write(settings, text)
    with pytest.raises(RefuseToStartError, match=reason) as refused:
        read_secret(settings, "web")
    assert not text or text not in str(refused.value)


def test_a_key_that_others_can_read_is_refused_with_the_command(settings: Settings) -> None:
    write(settings, GOOD, 0o644)
    with pytest.raises(RefuseToStartError, match="chmod 600"):
        read_secret(settings, "web")


def test_a_key_that_is_no_text_is_refused(settings: Settings) -> None:
    write(settings, "")
    (settings.data_dir / "secrets" / "web.key").write_bytes(b"\xff" * 40)
    with pytest.raises(RefuseToStartError, match="cannot be read"):
        read_secret(settings, "web")


def test_only_the_two_keys_can_be_asked_for(settings: Settings) -> None:
    with pytest.raises(ValueError, match="no such secret"):
        read_secret(settings, "../../etc/passwd")


def test_a_secret_never_prints_itself(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("hunter2")
    logging.getLogger("test").warning("password %s %r", secret, secret)
    texts = [repr(secret), str(secret), f"{secret}", f"{secret:>20}", "%s" % secret, repr([secret]), caplog.text]  # noqa: UP031
    assert all("hunter2" not in text and "<secret>" in text for text in texts)
    assert secret.reveal() == "hunter2"


def test_secrets_compare_by_their_text_and_an_empty_one_is_false() -> None:
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("a")
    assert not Secret("")


def test_a_secret_cannot_be_pickled_or_copied_out() -> None:
    for leak in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(Secret("hunter2"))
