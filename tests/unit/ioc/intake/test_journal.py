import random
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from ioc.errors import RefuseToStartError, RetryError
from ioc.intake import Entry, Journal, JournalDamagedError, JournalFullError, Kind

MIB = 2**20


def entry(n: int, size: int = 100) -> Entry:
    return Entry(Kind.FRAMES, "mqtt", f"{n:08d}".encode().ljust(size, b"."), 1, 1_000 + n)


def fill(journal: Journal, count: int, size: int = 100) -> int:
    last = 0
    for n in range(count):
        last = journal.append([entry(n, size)])
    return last


def bodies(journal: Journal) -> list[bytes]:
    return [found.body[:8] for found in journal.read(0, 10**9)]


def test_what_was_appended_is_read_in_its_order(journal: Journal) -> None:
    journal.append([entry(0), entry(1)])
    journal.append([Entry(Kind.QUARANTINE, "mqtt", b"\x00\xff", 3, 7)])
    found = journal.read(0, 100)
    assert [(it.id, it.kind, it.count) for it in found] == [
        (1, Kind.FRAMES, 1),
        (2, Kind.FRAMES, 1),
        (3, Kind.QUARANTINE, 3),
    ]
    assert found[2].body == b"\x00\xff"
    assert found[2].received_ns == 7
    assert [it.id for it in journal.read(2, 100)] == [3]


def test_a_read_ends_when_it_has_enough_items_and_gives_at_least_one_entry(journal: Journal) -> None:
    journal.append([Entry(Kind.FRAMES, "mqtt", b"x", 40, 0) for _ in range(4)])
    assert len(journal.read(0, 80)) == 2
    assert len(journal.read(0, 1)) == 1


def test_it_survives_being_closed_and_opened(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j.sqlite", MIB)
    fill(first, 3)
    first.drop_through(1)
    first.close()
    second = Journal(tmp_path / "j.sqlite", MIB)
    assert second.id == first.id
    assert [it.id for it in second.read(0, 10)] == [2, 3]
    assert second.backlog().items == 2
    second.close()


def test_ids_never_start_again_even_when_all_is_drained(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j.sqlite", MIB)
    first.drop_through(fill(first, 5))
    first.close()
    second = Journal(tmp_path / "j.sqlite", MIB)
    assert second.read(0, 10) == []
    assert second.last_id == 5
    assert second.append([entry(9)]) == 6
    second.close()


def test_every_commit_is_synced_before_it_returns(journal: Journal) -> None:
    assert journal._writer.execute("pragma synchronous").fetchone() == (2,)
    assert journal._writer.execute("pragma journal_mode").fetchone() == ("wal",)


def test_at_its_cap_it_refuses_whole_batches_with_a_clear_text_and_takes_them_again_later(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite", 1000)
    last = journal.append([entry(0, 300), entry(1, 300)])
    with pytest.raises(JournalFullError, match="nothing more is acknowledged"):
        journal.append([entry(2, 100), entry(3, 300)])
    assert bodies(journal) == [b"00000000", b"00000001"]
    journal.drop_through(last)
    journal.append([entry(2, 100), entry(3, 300)])
    assert journal.backlog().bytes < 1000
    journal.close()


def test_the_cap_counts_what_was_there_at_the_start(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j.sqlite", 1000)
    fill(first, 3, 200)
    first.close()
    second = Journal(tmp_path / "j.sqlite", 1000)
    with pytest.raises(JournalFullError):
        second.append([entry(3, 200)])
    second.close()


def test_a_full_disk_means_try_again_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite", 100 * MIB)
    pages = journal._writer.execute("pragma page_count").fetchone()[0]
    journal._writer.execute(f"pragma max_page_count = {pages + 20}")
    with pytest.raises(RetryError, match="full") as caught:
        journal.append([entry(0), entry(1, MIB)])
    assert "disk" in caught.value.hint
    assert journal.read(0, 10) == []
    journal._writer.execute("pragma max_page_count = 100000")
    journal.append([entry(0), entry(1, MIB)])
    assert journal.backlog().items == 2
    journal.close()


def test_the_backlog_tells_how_much_waits_and_since_when(journal: Journal) -> None:
    assert journal.backlog().oldest_ns is None
    fill(journal, 4, 500)
    journal.drop_through(1)
    backlog = journal.backlog()
    assert (backlog.entries, backlog.items, backlog.oldest_ns) == (3, 3, 1_001)
    assert 1500 <= backlog.bytes < 2500


def test_the_file_does_not_grow_for_ever_and_gives_room_back_after_an_outage(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    journal = Journal(path, 200 * MIB)
    for _ in range(50):
        journal.append([entry(0, MIB)])
    for n in range(30):
        journal.drop_through(journal.append([entry(n, 1000)]))
    journal._writer.execute("pragma wal_checkpoint(truncate)").fetchall()
    assert path.stat().st_size < 30 * MIB
    for n in range(3000):
        journal.drop_through(journal.append([entry(n, 20_000)]))
    journal._writer.execute("pragma wal_checkpoint(truncate)").fetchall()
    assert path.stat().st_size < 30 * MIB
    journal.close()


def test_a_long_backlog_is_dropped_whole(journal: Journal) -> None:
    journal.append([entry(n) for n in range(2000)])
    journal.drop_through(1999)
    assert [it.id for it in journal.read(0, 10)] == [2000]


def test_a_second_process_is_refused_by_name_while_the_first_holds_it(journal: Journal) -> None:
    with pytest.raises(RefuseToStartError, match="another worker"):
        Journal(journal.path, MIB)


def test_many_threads_append_without_losing_an_entry(journal: Journal) -> None:
    threads = [threading.Thread(target=fill, args=(journal, 50)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = journal.read(0, 10**6)
    assert len(found) == 200
    assert [it.id for it in found] == sorted(it.id for it in found)


def test_who_waits_is_woken_by_an_append(journal: Journal) -> None:
    assert not journal.wait(0)
    fill(journal, 1)
    assert journal.wait(0)
    assert not journal.wait(0)
    journal.wake()
    assert journal.wait(0)


def damaged_copy(source: Path, target: Path, at: int) -> None:
    data = bytearray(source.read_bytes())
    data[at : at + 600] = b"\xaa" * 600
    target.write_bytes(data)


def test_a_damaged_file_is_set_aside_loudly_and_what_can_be_read_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "j.sqlite"
    journal = Journal(path, 10 * MIB)
    fill(journal, 200, 3000)
    journal.close()
    damaged_copy(path, path, path.stat().st_size // 2)
    again = Journal(path, 10 * MIB)
    assert again.id != journal.id
    kept = bodies(again)
    assert 150 < len(kept) < 200
    assert kept == sorted(kept)
    [aside] = again.set_aside
    assert aside.exists()
    assert "set aside as" in caplog.text
    assert caplog.records[0].levelname == "CRITICAL"
    assert again.append([entry(0)]) > len(kept)
    again.close()


def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "j.sqlite"
    path.write_bytes(b"this is not a journal" * 1000)
    journal = Journal(path, MIB)
    fill(journal, 1)
    assert [it.read_bytes()[:4] for it in journal.set_aside] == [b"this"]
    assert "damaged" in caplog.text
    journal.close()


def test_two_damaged_files_of_one_second_keep_both_names(tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / "j.sqlite").write_bytes(b"nonsense" * 1000)
        journal = Journal(tmp_path / "j.sqlite", MIB)
        journal.close()
        for side in tmp_path.glob("j.sqlite*"):
            side.unlink()
    assert len(journal.set_aside) == 2


def test_an_entry_whose_bytes_changed_is_never_handed_on(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    journal = Journal(path, MIB)
    fill(journal, 3)
    journal._writer.execute("update entry set body = ? where id = 2", (b"other",))
    with pytest.raises(JournalDamagedError, match="checksum"):
        journal.read(0, 10)
    assert journal.damaged
    journal.close()
    again = Journal(path, MIB)
    assert bodies(again) == [b"00000000", b"00000002"]
    again.close()


@pytest.fixture(scope="module")
def live_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A database and a write-ahead log as a crash would leave them: part checkpointed, part not."""
    folder = tmp_path_factory.mktemp("live")
    journal = Journal(folder / "j.sqlite", 10 * MIB)
    fill(journal, 60, 3000)
    journal._writer.execute("pragma wal_checkpoint(passive)").fetchall()
    fill(journal, 60, 3000)
    shutil.copy(folder / "j.sqlite", folder / "copy.sqlite")
    shutil.copy(folder / "j.sqlite-wal", folder / "copy.sqlite-wal")
    journal.close()
    return folder / "copy.sqlite", folder / "copy.sqlite-wal"


@pytest.mark.parametrize("seed", range(60))
def test_cut_off_anywhere_it_opens_or_is_set_aside_and_then_works(
    tmp_path: Path, live_files: tuple[Path, Path], seed: int
) -> None:
    rng = random.Random(seed)
    path = tmp_path / "j.sqlite"
    cuts = rng.choice([(True, False), (False, True), (True, True)])
    for source, name, cut in zip(live_files, ("j.sqlite", "j.sqlite-wal"), cuts, strict=True):
        data = source.read_bytes()
        (tmp_path / name).write_bytes(data[: rng.randrange(len(data) + 1)] if cut else data)
    journal = Journal(path, 10 * MIB)
    kept = bodies(journal)
    assert len(kept) <= 120
    last = journal.append([entry(999)])
    assert bodies(journal) == [*kept, b"00000999"]
    journal.drop_through(last)
    assert journal.read(0, 10) == []
    journal.close()


def test_only_a_whole_write_ahead_log_is_needed_to_keep_everything(
    tmp_path: Path, live_files: tuple[Path, Path]
) -> None:
    for source, name in zip(live_files, ("j.sqlite", "j.sqlite-wal"), strict=True):
        shutil.copy(source, tmp_path / name)
    journal = Journal(tmp_path / "j.sqlite", 10 * MIB)
    assert len(bodies(journal)) == 120
    assert journal.set_aside == []
    journal.close()


def test_damage_found_while_running_is_said_and_remembered(journal: Journal) -> None:
    class Broken:
        in_transaction = False

        def execute(self, *_args: object) -> None:
            raise sqlite3.DatabaseError("database disk image is malformed")

    real, journal._writer = journal._writer, Broken()
    with pytest.raises(JournalDamagedError):
        journal.append([entry(1)])
    journal._writer = real
    assert "malformed" in journal.damaged
