import gzip
import os

import pytest

from midifrag.show.session_files import LIVE_SECONDS, SessionFolder, lines_of, parts_from

NOW = 1_700_000_000.0
END = '{"at": 2, "event": "end", "unwritten": 0}\n'


def write(folder, name, content=END, age=0.0):
    path = folder / name
    path.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())
    os.utime(path, (NOW - age, NOW - age))
    return path


def tidied(folder, current=None, limit=10_000_000):
    SessionFolder(folder, limit, clock=lambda: NOW).tidy(current)
    return sorted(path.name for path in folder.iterdir())


def test_a_show_that_ended_is_compressed_and_reads_the_same(tmp_path):
    content = '{"at": 1, "event": "NoteOn"}\n' * 1000 + END
    path = write(tmp_path, "20260101T200000Z.jsonl", content, age=100)
    assert tidied(tmp_path) == ["20260101T200000Z.jsonl.gz"]
    assert list(parts_from(path)) == [path.with_name("20260101T200000Z.jsonl.gz")]
    assert "".join(lines_of(*parts_from(path))) == content
    assert path.with_name("20260101T200000Z.jsonl.gz").stat().st_mtime == NOW - 100


def test_a_show_that_may_still_run_is_left_alone(tmp_path):
    names = ["20260101T200000Z.jsonl", "20260101T210000Z.jsonl"]
    write(tmp_path, names[0], '{"at": 1, "event": "NoteOn"}\n', age=LIVE_SECONDS - 10)
    write(tmp_path, names[1], "")
    assert tidied(tmp_path) == names
    assert tidied(tmp_path, limit=1) == names


def test_a_show_that_was_killed_is_compressed_when_it_is_long_over(tmp_path):
    write(tmp_path, "20260101T200000Z.jsonl", '{"at": 1, "event": "NoteOn"}\n', age=LIVE_SECONDS + 10)
    assert tidied(tmp_path) == ["20260101T200000Z.jsonl.gz"]


def test_parts_that_are_over_are_compressed_and_the_one_that_is_written_is_not(tmp_path):
    write(tmp_path, "20260101T200000Z.jsonl", "{}\n")
    write(tmp_path, "20260101T200000Z.2.jsonl", "{}\n")
    current = write(tmp_path, "20260101T200000Z.3.jsonl", "{}\n")
    names = ["20260101T200000Z.2.jsonl.gz", "20260101T200000Z.3.jsonl", "20260101T200000Z.jsonl.gz"]
    assert tidied(tmp_path, current) == names
    # Of a show of another program, the same can be told.
    assert tidied(tmp_path) == names


@pytest.mark.parametrize("limit", [10_000_000, 1])
def test_a_part_that_was_begun_while_others_are_tidied_is_left_alone(tmp_path, limit):
    before = write(tmp_path, "20260101T200000Z.jsonl", "{}\n")
    write(tmp_path, "20260101T200000Z.2.jsonl", "{}\n")
    assert tidied(tmp_path, before, limit) == ["20260101T200000Z.2.jsonl", "20260101T200000Z.jsonl"]


def test_the_oldest_go_beyond_the_limit(tmp_path):
    names = [f"2026010{day}T200000Z.jsonl.gz" for day in range(1, 6)]
    for name in names:
        (tmp_path / name).write_bytes(bytes(100))
    assert tidied(tmp_path, limit=400) == names[2:]


def test_only_logs_go(tmp_path):
    kept = ["my own.jsonl", "20260101T200000Z.txt", "notes.jsonl.gz", "20260101T200000Z.jsonl.old"]
    for name in kept:
        write(tmp_path, name, END * 100, age=10 * LIVE_SECONDS)
    (tmp_path / "20250101T200000Z.jsonl").mkdir()
    assert tidied(tmp_path, limit=1) == sorted([*kept, "20250101T200000Z.jsonl"])


def test_what_a_killed_program_left_half_compressed_goes_in_time(tmp_path):
    write(tmp_path, "20260101T200000Z.jsonl.gz.1234abcd.tmp", age=LIVE_SECONDS + 10)
    write(tmp_path, "20260102T200000Z.jsonl.gz.1234abcd.tmp", age=10)
    assert tidied(tmp_path) == ["20260102T200000Z.jsonl.gz.1234abcd.tmp"]


def test_a_folder_that_is_not_there_is_no_trouble(tmp_path):
    SessionFolder(tmp_path / "none", 1).tidy()
    assert not (tmp_path / "none").exists()


def test_what_is_being_compressed_at_the_end_stays_as_it_was(tmp_path):
    path = write(tmp_path, "20260101T200000Z.jsonl")
    folder = SessionFolder(tmp_path, 10_000_000)
    folder.close(0.0)
    folder.tidy()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("begun", [1, 2])
def test_parts_follow_from_the_one_that_is_named(tmp_path, begun):
    for name in ("a.jsonl", "a.2.jsonl.gz", "a.3.jsonl", "a.5.jsonl", "b.jsonl"):
        write(tmp_path, name)
    named = tmp_path / ("a.jsonl" if begun == 1 else "a.2.jsonl")
    assert [part.name for part in parts_from(named)] == ["a.jsonl", "a.2.jsonl.gz", "a.3.jsonl"][begun - 1 :]


def test_what_was_written_after_a_log_was_compressed_is_read_behind_it(tmp_path):
    write(tmp_path, "a.jsonl.gz")
    write(tmp_path, "a.jsonl")
    assert [part.name for part in parts_from(tmp_path / "a.jsonl.gz")] == ["a.jsonl.gz", "a.jsonl"]


def test_a_name_that_is_no_log_s_is_that_file(tmp_path):
    assert list(parts_from(tmp_path / "log")) == [tmp_path / "log"]
    assert list(parts_from(tmp_path / "gone.jsonl")) == [tmp_path / "gone.jsonl"]


def test_a_compressed_log_that_was_cut_off_is_read_up_to_there(tmp_path):
    lines = [f"{number} {os.urandom(40).hex()}\n" for number in range(5000)]
    path = write(tmp_path, "a.jsonl.gz", "".join(lines))
    path.write_bytes(path.read_bytes()[:-1000])
    read = list(lines_of(path))
    assert 1000 < len(read) < 5000
    assert read[:-1] == lines[: len(read) - 1]
