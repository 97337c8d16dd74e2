import pytest

from midifrag.doors.live import copy_record
from midifrag.doors.live.copy_record import Copy, CopyRecord, Facts
from midifrag.errors import StorageError


def copy(landing, slot=1):
    facts = Facts(name="rain ü\n", colour="#FF0000", loop=True, quarters=4.0)
    return Copy(file=f"{landing:04d} rain.wav", slot=slot, landing=landing, seconds=2.0, facts=facts)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "copies.jsonl"


def read(path):
    record = CopyRecord(path)
    record.look()
    return record


def test_what_is_noted_is_read_by_the_next_show_and_by_one_beside(path):
    mine, other = CopyRecord(path), CopyRecord(path)
    mine.look()
    other.look()
    mine.note(copy(1), 1)
    other.look()
    other.note(copy(2, slot=2), 2)
    mine.look()
    for record in (mine, other, read(path)):
        assert (record.last, record.of_slots()) == (2, {1: copy(1), 2: copy(2, slot=2)})


def test_what_is_put_back_is_its_slot_s_and_gives_no_number(path):
    record = read(path)
    record.note(copy(1), 7)
    record.note(copy(2), 8)
    record.note(copy(1))
    assert (read(path).of_slots(), read(path).last) == ({1: copy(1)}, 8)


@pytest.mark.parametrize(
    "torn", [b"\n{", b"\nrubbish", b"\n[]\n\n5", b"\n\xff\xfe", b'\n{"last": -1}', b"\n" + b"[" * 9999]
)
def test_a_line_that_was_cut_off_is_left_out(path, torn):
    record = read(path)
    record.note(copy(1), 1)
    with path.open("ab") as file:
        file.write(torn)
    record.look()
    record.note(copy(2), 2)
    assert list(read(path).copies) == [1, 2]


def test_a_record_that_is_gone_gives_no_number_back(path):
    record = read(path)
    record.note(copy(1), 5)
    path.unlink()
    record.look()
    assert record.last == 5
    record.note(copy(2), 6)
    assert read(path).last == 6


def test_it_keeps_the_newest_and_is_written_anew_when_it_is_long(path, tmp_path, monkeypatch):
    monkeypatch.setattr(copy_record, "REMEMBERED", 3)
    record = read(path)
    for landing in range(1, 6):
        record.note(copy(landing), landing)
    record.note(copy(3))
    size = path.stat().st_size
    record.shorten(tmp_path / "aside")
    assert path.stat().st_size == size
    monkeypatch.setattr(copy_record, "_LONG", 100)
    record.shorten(tmp_path / "aside")
    assert path.stat().st_size < size
    record.note(copy(6))
    assert (list(read(path).copies), read(path).last) == ([5, 3, 6], 5)


def test_what_cannot_be_read_or_written_is_told(tmp_path):
    (tmp_path / "copies.jsonl").mkdir()
    record = CopyRecord(tmp_path / "copies.jsonl")
    with pytest.raises(StorageError, match="cannot read"):
        record.look()
    with pytest.raises(StorageError, match="cannot write"):
        record.note(copy(1), 1)
