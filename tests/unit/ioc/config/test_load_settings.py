"""Settings: the environment over ioc.yaml over the defaults, and every fault at once."""

import dataclasses
from pathlib import Path

import pytest

from ioc.config import SETTINGS, Address, Secret, Settings, load_settings
from ioc.config.docs import settings_page
from ioc.config.settings import SECTIONS
from ioc.errors import RefuseToStartError

ROOT = Path(__file__).parents[4]
SECRET_IN_FILE = "is a secret and may not stand here."


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with a configs folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").mkdir()
    return tmp_path


def write(text: str) -> None:
    Path("configs/ioc.yaml").write_text(text, encoding="utf-8")


def faults_of(environ: dict[str, str]) -> list[str]:
    with pytest.raises(RefuseToStartError) as refused:
        load_settings(environ)
    return [str(fault) for fault in refused.value.faults]


def test_without_anything_set_the_defaults_hold(folder: Path) -> None:
    settings = load_settings({})
    assert settings.data_dir == folder / "data"
    assert settings.config_dir == folder / "configs"
    assert settings.web.bind == Address("127.0.0.1", 8080)
    assert settings.mqtt.bind == Address("127.0.0.1", 1883)
    assert settings.mqtt.url == ""
    assert settings.mqtt.max_payload == 262144
    assert settings.journal.max_bytes == 4 << 30
    assert settings.database.url == f"sqlite:///{folder}/data/ioc.sqlite"
    assert settings.simulate
    assert settings.language == "vi"
    assert settings.given == frozenset()


def test_the_file_stands_above_the_defaults_and_the_environment_above_the_file() -> None:
    write("web: {bind: 0.0.0.0:80}\nlanguage: en\nretention: {raw_days: 7}\nsimulate: false\n")
    settings = load_settings({"IOC_LANGUAGE": "fr"})
    assert settings.web.bind == Address("0.0.0.0", 80)
    assert settings.language == "fr"
    assert settings.retention.raw_days == 7
    assert not settings.simulate
    assert settings.given == {"web.bind", "language", "retention.raw_days", "simulate"}


def test_what_was_set_on_purpose_is_known_even_where_it_is_the_default() -> None:
    assert load_settings({"IOC_MQTT__BIND": "127.0.0.1:1883"}).given == {"mqtt.bind"}


def test_an_empty_variable_counts_as_not_set() -> None:
    settings = load_settings({"IOC_MQTT__URL": "", "IOC_WEB__BIND": "", "IOC_DATA_DIR": ""})
    assert settings == load_settings({})


def test_another_configuration_folder_brings_its_own_file(folder: Path) -> None:
    (folder / "etc").mkdir()
    (folder / "etc" / "ioc.yaml").write_text("language: en\n")
    assert load_settings({"IOC_CONFIG_DIR": "etc"}).language == "en"


def test_a_configuration_folder_that_was_named_must_exist() -> None:
    assert faults_of({"IOC_CONFIG_DIR": "/nowhere"}) == ["IOC_CONFIG_DIR: there is no folder /nowhere. [IOC-S012]"]


def test_folders_are_absolute_and_the_home_directory_is_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert load_settings({"IOC_DATA_DIR": "~/kept"}).data_dir == folder / "kept"
    assert load_settings({"IOC_DATA_DIR": "here"}).data_dir == folder / "here"


def test_all_faults_of_environment_and_file_are_told_at_once() -> None:
    write("web:\n  bnd: 1\n  bind: nowhere\nlog: {level: loud}\nmqtt:\n  password: hunter2\n")
    assert faults_of({"IOC_WEB__BINDD": "x", "IOC_MQTT__BROKER": "amqtt", "IOC_SIMULATE": "maybe"}) == [
        "IOC_WEB__BINDD: there is no such setting. Did you mean 'IOC_WEB__BIND'? [IOC-S010]",
        "configs/ioc.yaml:2: there is no setting 'web.bnd' here. Did you mean 'web.bind'? [IOC-S010]",
        f"configs/ioc.yaml:6: mqtt.password {SECRET_IN_FILE} Name its file: mqtt.password_file. [IOC-S013]",
        "IOC_SIMULATE: simulate: 'maybe' is neither true nor false. [IOC-S006]",
        "configs/ioc.yaml:3: web.bind: 'nowhere' is not host:port, such as 127.0.0.1:8080. [IOC-S006]",
        "IOC_MQTT__BROKER: mqtt.broker: 'amqtt' is none of auto, mosquitto, iotcore. [IOC-S006]",
        "configs/ioc.yaml:4: log.level: 'loud' is none of debug, info, warning, error. [IOC-S006]",
    ]


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("IOC_TIMEZONE", "Hanoi"),
        ("IOC_TIMEZONE", "../../etc/passwd"),
        ("IOC_LANGUAGE", "de"),
        ("IOC_WEB__BIND", "127.0.0.1:99999"),
        ("IOC_WEB__SESSION_HOURS", "0"),
        ("IOC_MQTT__URL", "http://broker"),
        ("IOC_MQTT__URL", "broker:1883"),
        ("IOC_MQTT__MAX_PAYLOAD", "big"),
        ("IOC_DATABASE__URL", "mysql://x"),
        ("IOC_RETENTION__RAW_DAYS", "-1"),
    ],
)
def test_a_value_that_does_not_fit_is_told_by_the_variables_name(variable: str, text: str) -> None:
    (fault,) = faults_of({variable: text})
    assert fault.startswith(f"{variable}: ")


def test_a_machine_without_time_zones_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr("ioc.config.parse.ZoneInfo", unknown)
    (fault,) = faults_of({})
    assert fault.startswith("IOC_TIMEZONE: timezone: 'Asia/Ho_Chi_Minh' is no time zone that this machine knows")
    assert "apt install tzdata" in fault


def test_urls_are_taken_with_the_schemes_they_may_have() -> None:
    url = "postgresql+psycopg://ioc:pw@db/ioc"
    settings = load_settings({"IOC_DATABASE__URL": url, "IOC_MQTT__URL": "mqtts://broker:8883"})
    assert settings.database.url == url
    assert settings.mqtt.url == "mqtts://broker:8883"


def test_a_secret_may_come_from_a_file_named_in_the_environment_or_in_ioc_yaml(folder: Path) -> None:
    (folder / "pw").write_text("s3cret \n")
    settings = load_settings({"IOC_MQTT__PASSWORD_FILE": "pw"})
    assert settings.mqtt.password == Secret("s3cret ")
    assert settings.given == {"mqtt.password"}
    write("mqtt: {password_file: pw}\ndatabase: {url_file: db}\n")
    (folder / "db").write_text("postgresql://ioc:pw@db/ioc\n")
    settings = load_settings({})
    assert settings.mqtt.password.reveal() == "s3cret "
    assert settings.database.url == "postgresql://ioc:pw@db/ioc"


def test_a_secret_file_that_cannot_be_read_is_told(folder: Path) -> None:
    (folder / "pw").write_bytes(b"\xff\xfe")
    assert "the file pw is not UTF-8 text." in faults_of({"IOC_MQTT__PASSWORD_FILE": "pw"})[0]
    assert "the file none cannot be read: No such file" in faults_of({"IOC_MQTT__PASSWORD_FILE": "none"})[0]
    write("mqtt:\n  password_file: none\n")
    assert faults_of({})[0].startswith("configs/ioc.yaml:2: the file none cannot be read")


def test_a_secret_given_twice_is_told() -> None:
    (fault,) = faults_of({"IOC_MQTT__PASSWORD": "a", "IOC_MQTT__PASSWORD_FILE": "b"})
    assert fault.startswith("IOC_MQTT__PASSWORD_FILE: is set, and IOC_MQTT__PASSWORD too.")


def test_only_settings_that_may_hold_a_secret_can_come_from_a_file() -> None:
    assert "there is no such setting" in faults_of({"IOC_WEB__BIND_FILE": "x"})[0]


def test_no_secret_shows_in_what_is_printed() -> None:
    settings = load_settings(
        {
            "IOC_MQTT__PASSWORD": "hunter2",
            "IOC_MQTT__URL": "mqtt://ioc:hunter2@broker:1883",
            "IOC_DATABASE__URL": "postgresql://ioc:hunter2@db/ioc",
        }
    )
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(settings)


def test_no_error_text_holds_a_secret() -> None:
    for name in ("IOC_MQTT__URL", "IOC_DATABASE__URL"):
        assert "hunter2" not in str(faults_of({name: "ftp://ioc:hunter2@x"}))
    write("mqtt: {password: hunter2}\n")
    assert "hunter2" not in str(faults_of({}))


def test_influxdb_is_named_by_four_settings_and_its_token_is_a_secret(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2\n")
    environ = {
        f"IOC_INFLUXDB__{name}": text for name, text in [("URL", "http://x:8086"), ("ORG", "o"), ("BUCKET", "b")]
    }
    influxdb = load_settings(environ | {"IOC_INFLUXDB__TOKEN_FILE": str(tmp_path / "token")}).influxdb
    assert (influxdb.url, influxdb.org, influxdb.bucket) == ("http://x:8086", "o", "b")
    assert influxdb.token.reveal() == "hunter2"
    assert "hunter2" not in repr(influxdb)
    assert load_settings({}).influxdb.url == ""
    for name, text in [("URL", "influx:8086"), ("BUCKET", "a b")]:
        assert faults_of({f"IOC_INFLUXDB__{name}": text})


def test_variables_of_the_tests_and_of_others_are_left_alone() -> None:
    assert load_settings({"IOC_TEST_INFLUXDB_URL": "x", "IOCTL": "1", "PATH": "/bin"}) == load_settings({})


@pytest.mark.parametrize("text", ["", "# nothing\n", "web:\n"])
def test_a_file_that_sets_nothing_is_fine(text: str) -> None:
    write(text)
    if text == "web:\n":
        assert faults_of({}) == ["configs/ioc.yaml:1: web: one value is needed here. [IOC-S006]"]
    else:
        assert load_settings({}).given == frozenset()


@pytest.mark.parametrize("text", ["- web\n", "word\n", "web: {bind: [127.0.0.1:80]}\n", "web: [\n", "config_dir: x\n"])
def test_a_file_of_another_shape_is_refused_with_its_line(text: str) -> None:
    write(text)
    assert all(fault.startswith("configs/ioc.yaml:") for fault in faults_of({}))


def test_an_unreadable_ioc_yaml_is_refused(folder: Path) -> None:
    (folder / "configs" / "ioc.yaml").mkdir()
    assert "cannot be read" in faults_of({})[0]


def test_the_table_and_the_dataclasses_name_the_same_settings() -> None:
    names = {field.name for field in dataclasses.fields(Settings)} - set(SECTIONS) - {"given"}
    for section, kind in SECTIONS.items():
        assert dataclasses.is_dataclass(kind)
        names |= {f"{section}.{field.name}" for field in dataclasses.fields(kind)}
    assert {setting.name for setting in SETTINGS} == names


def test_every_setting_has_a_sentence_and_a_default_that_fits() -> None:
    for setting in SETTINGS:
        assert setting.help.endswith("."), setting.name
        setting.parse(setting.default)


def test_a_variable_is_the_name_in_capitals_with_two_underscores_for_the_dot() -> None:
    variables = {setting.name: setting.variable for setting in SETTINGS}
    assert variables["data_dir"] == "IOC_DATA_DIR"
    assert variables["mqtt.max_payload"] == "IOC_MQTT__MAX_PAYLOAD"


def test_the_page_of_settings_is_current() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == settings_page(), "run: python -m ioc.config.docs > docs/settings.md"


def test_the_shipped_file_sets_nothing_that_would_move_a_door() -> None:
    assert load_settings({"IOC_CONFIG_DIR": str(ROOT / "configs")}).given == {"config_dir"}
