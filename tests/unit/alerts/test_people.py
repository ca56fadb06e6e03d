"""People and groups: what is read, what is refused, and that no address is ever shown as a whole."""

from pathlib import Path

import pytest

from alerts.people import People, digest, host_allowed, load_people, mask, read_people
from ioc.config import Settings, load_settings
from ioc.errors import RefuseToStartError

CONFIGS = Path(__file__).parents[3] / "configs"
SOUND = """schema: ioc.people/1
people:
  lan:
    name: Nguyễn Thị Lan
    language: vi
    user: lan
    email: [lan@bv01.vn, lan@example.com]
    webhook: https://chat.bv01.vn/hook/secret-1
    apprise: tgram://token/chat
    apprise_file: lan.urls
  minh: {name: Minh, language: en, email: minh@bv01.vn}
groups:
  pharmacy: {title: {vi: Khoa Dược, en: Pharmacy}, members: [lan, minh]}
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """With a mail server and one host that may be called; in an empty folder."""
    monkeypatch.chdir(tmp_path)
    urls = tmp_path / "lan.urls"
    urls.write_text("# the phone\n\nntfy://topic\n", encoding="utf-8")
    urls.chmod(0o600)
    return load_settings(
        {
            "IOC_CONFIG_DIR": str(tmp_path),
            "IOC_NOTIFY__SMTP_URL": "smtp://localhost:25",
            "IOC_NOTIFY__ALLOWED_HOSTS": "chat.bv01.vn, 10.0.0.1:8443",
        }
    )


def read(text: str, settings: Settings) -> tuple[People, list[str]]:
    (settings.config_dir / "people.yaml").write_text(text, encoding="utf-8")
    people, faults = read_people(settings.config_dir, settings)
    return people, [str(fault) for fault in faults]


def faulty(settings: Settings, old: str, new: str) -> list[str]:
    assert old in SOUND
    return read(SOUND.replace(old, new), settings)[1]


def test_people_and_groups_are_read(settings: Settings) -> None:
    people, faults = read(SOUND, settings)
    assert (faults, people.warnings) == ([], ())
    lan = people.person("lan")
    assert lan is not None
    assert (lan.name, lan.language, lan.user) == ("Nguyễn Thị Lan", "vi", "lan")
    assert [(channel.name, channel.kind, channel.address.reveal()) for channel in lan.channels] == [
        ("email", "email", "lan@bv01.vn"),
        ("email-2", "email", "lan@example.com"),
        ("webhook", "webhook", "https://chat.bv01.vn/hook/secret-1"),
        ("apprise", "apprise", "tgram://token/chat"),
        ("apprise-2", "apprise", "ntfy://topic"),
    ]
    group = people.group("pharmacy")
    assert group is not None
    assert (group.title.in_("fr"), group.members) == ("Pharmacy", ("lan", "minh"))
    assert [person.code for person in people.members("pharmacy")] == ["lan", "minh"]
    assert people.person("nobody") is people.group("nobody") is None
    assert people.members("nobody") == []


def test_no_address_is_shown_as_a_whole(settings: Settings) -> None:
    people, _ = read(SOUND, settings)
    shown = f"{people!r} {people}"
    assert "@" not in shown
    assert "secret-1" not in shown
    assert "token" not in shown
    lan = people.people["lan"]
    assert [channel.masked for channel in lan.channels] == [
        "l…@bv01.vn",
        "l…@example.com",
        "https://chat.bv01.vn/…",
        "tgram://…",
        "ntfy://…",
    ]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://user:word@h:81/x", "http://h:81/…"),
        ("https://[::1]:8443/x", "https://[::1]:8443/…"),
        ("http://h:99999999/x", "http://…"),
        ("mailto://user:word@host", "mailto://…"),
        ("nothing", "…"),
        ("", "…"),
    ],
)
def test_an_address_is_masked(address: str, shown: str) -> None:
    assert mask(address) == shown


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("ioc.people/1", "ioc.people/2", "people.yaml:1: schema: 'ioc.people/2' is not known."),
        ("language: vi", "language: de", "people.yaml:5: people.lan.language: 'de' is not known."),
        ("email: [lan", "emial: [lan", "people.lan.emial: there is no key 'emial' here. Did you mean 'email'?"),
        ("members: [lan, minh]", "members: [lan, mihn]", "there is no person 'mihn'. Did you mean 'minh'?"),
        ("members: [lan, minh]", "members: [lan, lan]", "'lan' stands in pharmacy a second time."),
        ("minh: {name: Minh", "minh: {user: lan, name: Minh", "the user 'lan' is named by 2 people."),
        ("  minh: {", "  Minh_2: {", "'Minh_2' is no code. Words of a-z and 0-9"),
        ("chat.bv01.vn", "evil.example", "webhooks may not call evil.example. Add it to IOC_NOTIFY__ALLOWED_HOSTS"),
        ("https://chat", "ftp://chat", "people.yaml:8: it is no web address. Such as https://host/path."),
        ("https://chat", "https://me:word@chat", "https://chat.bv01.vn/… holds a name or password."),
        ("tgram://token/chat", "token", "an Apprise URL has a scheme. Such as tgram://token/chat."),
        ("lan.urls", "gone.urls", "people.yaml:10: gone.urls cannot be read: No such file or directory."),
        ("name: Nguyễn Thị Lan", 'name: "Lan\\r\\nBcc: x"', "people.lan.name: "),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(old: str, new: str, fault: str, settings: Settings) -> None:
    assert any(fault in told for told in faulty(settings, old, new))


@pytest.mark.parametrize(
    "address",
    ["la_n", "la_n@", "'@b.vn'", "la_n@@b.vn", "la_n@b..vn", '"a\\r\\nBcc: x@y.vn"', '"a b@c.vn"', "<a@b.c>"],
)  # fmt: skip
def test_what_is_no_e_mail_address_is_refused_without_showing_it(address: str, settings: Settings) -> None:
    (fault,) = faulty(settings, "email: minh@bv01.vn", f"email: [{address}]")
    assert "is no e-mail address" in fault
    assert address.strip("\"'") not in fault.replace("…@b.vn", "")
    assert fault.isprintable()


@pytest.mark.parametrize("written", ["{url: lan@secret.vn}", "[[lan@secret.vn]]", "5"])
def test_what_is_no_list_of_addresses_is_refused_without_showing_it(written: str, settings: Settings) -> None:
    (fault,) = faulty(settings, "email: minh@bv01.vn", f"email: {written}")
    assert "an address or a list of addresses is needed" in fault
    assert "secret" not in fault


def test_an_address_in_the_place_of_a_code_is_masked(settings: Settings) -> None:
    (fault,) = faulty(settings, "members: [lan, minh]", "members: [minh@bv01.vn]")
    assert "there is no person 'm…@bv01.vn'" in fault


def test_all_faults_are_told_at_once_and_nothing_is_loaded(settings: Settings) -> None:
    text = SOUND.replace("language: vi", "language: de").replace("minh]", "mihn]")
    (settings.config_dir / "people.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RefuseToStartError) as refused:
        load_people(settings.config_dir, settings)
    assert [fault.id for fault in refused.value.faults] == ["IOC-P006", "IOC-P012"]


def test_a_faulty_group_may_still_be_named_by_rules(settings: Settings) -> None:
    people, faults = read(SOUND.replace("members: [lan", "member: [lan"), settings)
    assert len(faults) == 1
    assert list(people.groups) == ["pharmacy"]


def test_a_folder_without_people_is_refused(settings: Settings) -> None:
    with pytest.raises(RefuseToStartError, match="cannot be read"):
        load_people(settings.config_dir, settings)


def test_a_file_that_is_no_mapping_is_one_fault(settings: Settings) -> None:
    assert len(read("- lan\n", settings)[1]) == 1


def warnings(text: str, settings: Settings) -> list[str]:
    people, faults = read(text, settings)
    assert faults == []
    return [str(warning) for warning in people.warnings]


def test_who_is_reached_by_nothing_is_warned_of(settings: Settings) -> None:
    text = SOUND.replace(", email: minh@bv01.vn", "").replace("members: [lan, minh]", "members: [minh]")
    (warning,) = warnings(text + "  it: {title: {vi: a, en: b}, members: [lan]}\n", settings)
    assert "minh has no channel: what pharmacy is told never arrives there." in warning


def test_groups_without_people_are_warned_of_once(settings: Settings) -> None:
    text = SOUND + "  power: {title: {vi: a, en: b}}\n  it: {title: {vi: a, en: b}, members: []}\n"
    (warning,) = warnings(text, settings)
    assert "nobody is in power, it:" in warning


def test_an_address_without_a_mail_server_is_warned_of(settings: Settings) -> None:
    bare = load_settings({"IOC_CONFIG_DIR": str(settings.config_dir)})
    text = SOUND.replace("webhook: https://chat.bv01.vn/hook/secret-1", "webhook: []")
    told = warnings(text, bare)
    assert len(told) == 2  # of lan and of minh
    assert all("no e-mail is sent. Set IOC_NOTIFY__SMTP_URL." in warning for warning in told)


def test_a_file_of_addresses_that_others_can_read_is_warned_of(settings: Settings) -> None:
    (settings.config_dir / "lan.urls").chmod(0o644)
    (warning,) = warnings(SOUND, settings)
    assert "lan.urls can be read by others. chmod 600" in warning


def test_without_settings_nothing_is_said_of_hosts_and_mail_servers(settings: Settings) -> None:
    (settings.config_dir / "people.yaml").write_text(SOUND, encoding="utf-8")
    people, faults = read_people(settings.config_dir, None)
    assert (faults, people.warnings) == ([], ())


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://chat.bv01.vn/x", True),
        ("http://CHAT.bv01.vn:8080/", True),
        ("https://10.0.0.1:8443/", True),
        ("https://10.0.0.1/", False),
        ("https://10.0.0.1:844/", False),
        ("https://chat.bv01.vn.evil/", False),
        ("https://evil/chat.bv01.vn", False),
        ("https://chat.bv01.vn@evil/", False),
        ("https://", False),
        ("https://h:port/", False),
    ],
)
def test_only_hosts_of_the_list_may_be_called(url: str, allowed: bool) -> None:
    assert host_allowed(url, ("chat.bv01.vn", "10.0.0.1:8443")) is allowed


def test_the_digest_changes_with_the_file(settings: Settings) -> None:
    assert digest(settings.config_dir) == ""
    people, _ = read(SOUND, settings)
    assert people.digest == digest(settings.config_dir) != ""
    read(SOUND + "\n", settings)
    assert digest(settings.config_dir) != people.digest


def test_the_groups_that_ship_have_titles_in_three_languages_and_nobody_in_them() -> None:
    people = load_people(CONFIGS, load_settings({}))
    assert people.people == {}
    assert len(people.groups) == 7
    for group in people.groups.values():
        assert group.members == ()
        assert all((group.title.vi, group.title.en, group.title.fr))


def test_the_example_in_the_file_that_ships_is_sound(settings: Settings) -> None:
    lines = (CONFIGS / "people.yaml").read_text(encoding="utf-8").splitlines()
    begin = lines.index("# people:")
    example = [line[2:] for line in lines[begin:] if line.startswith("# ")]
    (settings.config_dir / "secrets").mkdir()
    (settings.config_dir / "secrets" / "lan.urls").write_text("ntfy://topic\n")
    (settings.config_dir / "secrets" / "lan.urls").chmod(0o600)
    people, faults = read("schema: ioc.people/1\n" + "\n".join(example), settings)
    assert faults == []
    assert [channel.kind for channel in people.people["lan"].channels] == ["email", "webhook", "apprise", "apprise"]
