"""``slots.json``: what is written down comes back, and what somebody else wrote does no harm."""

from __future__ import annotations

import json

import pytest

from midifrag.errors import StorageError
from midifrag.fragment import slots_record
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.slots_record import SavedSlots, SlotsRecord
from midifrag.fragment.workspace import Workspace

CONTENT = SlotContent(3, 1, True, 7, None, "36", "rain, дождь", 2.5, 1700000000.0, 99)
SAVED = SavedSlots(next=2, landings=3, slots={1: (True, CONTENT), 2: (False, None)})
RIGHT = {"next": 2, "landings": 3, "slots": {"1": {"locked": True, "content": None}}}


@pytest.fixture
def record(opened, tmp_path):
    return SlotsRecord(opened(Workspace, tmp_path))


def written(record, values):
    """What is read of a file that somebody else wrote."""
    record.path.parent.mkdir(exist_ok=True)
    record.path.write_text(values if isinstance(values, str) else json.dumps(values))
    return record.read()


def odd(record):
    """What was kept of files that could not be read whole."""
    return [path.read_text() for path in record.path.parent.glob("slots.odd.json")]


def test_what_is_written_comes_back(record, caplog):
    record.write(SAVED)
    assert record.read() == SAVED
    record.write(SavedSlots(next=1))
    assert record.read() == SavedSlots(next=1, landings=0, slots={})
    assert (odd(record), caplog.records) == ([], [])
    assert record.path.parent.name == ".midifrag"
    assert list(record.path.parent.glob("work-*/*-slots.json")) == []


def test_a_folder_without_a_record_begins_anew_and_nothing_is_told(record, caplog):
    assert record.read() == SavedSlots(next=1, landings=0, slots={})
    assert (odd(record), caplog.records) == ([], [])


def test_a_record_that_is_right_is_taken_and_not_told_of(record, caplog):
    assert written(record, RIGHT) == SavedSlots(2, 3, {1: (True, None)})
    assert (odd(record), caplog.records) == ([], [])


ENTRY = {"locked": True, "content": None}


@pytest.mark.parametrize(
    ("values", "saved"),
    [
        ("no json", SavedSlots()),
        ("[1]", SavedSlots()),
        ("{}", SavedSlots()),
        (RIGHT | {"next": "2"}, SavedSlots(1, 3, {1: (True, None)})),
        (RIGHT | {"next": True}, SavedSlots(1, 3, {1: (True, None)})),
        (RIGHT | {"landings": 2.5}, SavedSlots(2, 0, {1: (True, None)})),
        (RIGHT | {"slots": [ENTRY]}, SavedSlots(2, 3)),
        (RIGHT | {"slots": {"one": ENTRY, "2": ENTRY}}, SavedSlots(2, 3, {2: (True, None)})),
        (RIGHT | {"slots": {"-1": ENTRY, "2": ENTRY}}, SavedSlots(2, 3, {2: (True, None)})),
        (RIGHT | {"slots": {"1234567890": ENTRY, "2": ENTRY}}, SavedSlots(2, 3, {2: (True, None)})),
        (RIGHT | {"slots": {"1": True, "2": ENTRY}}, SavedSlots(2, 3, {2: (True, None)})),
        (RIGHT | {"slots": {"1": ENTRY | {"locked": 1}, "2": ENTRY}}, SavedSlots(2, 3, {2: (True, None)})),
        (RIGHT | {"slots": {"1": {"content": None}, "2": ENTRY}}, SavedSlots(2, 3, {2: (True, None)})),
        (RIGHT | {"slots": {"1": ENTRY | {"content": {"take": 1}}}}, SavedSlots(2, 3, {1: (True, None)})),
    ],
)
def test_what_cannot_be_ours_is_left_out_kept_and_told_and_the_rest_is_taken(record, caplog, values, saved):
    assert written(record, values) == saved
    assert odd(record) == [record.path.read_text()]
    (told,) = caplog.messages
    assert told.startswith(f"{record.path} cannot be read: locks may be forgotten. What it held is in")
    assert told.endswith("slots.odd.json")


def test_an_odd_record_replaces_the_one_kept_before(record):
    written(record, "first")
    written(record, "second")
    assert odd(record) == ["second"]


def test_what_cannot_be_kept_hinders_no_start(record, monkeypatch, caplog):
    def full(_source, _target):
        raise OSError(28, "full")

    monkeypatch.setattr(slots_record, "copy_regular", full)
    assert written(record, RIGHT | {"next": None}) == SavedSlots(1, 3, {1: (True, None)})
    assert odd(record) == []
    assert len(caplog.messages) == 1


def test_a_record_that_cannot_be_replaced_is_told_and_stays(record, monkeypatch):
    record.write(SAVED)

    def full(_path, _content):
        raise StorageError("the disk is full")

    monkeypatch.setattr(slots_record, "write_whole", full)
    with pytest.raises(StorageError, match="the disk is full"):
        record.write(SavedSlots())
    assert record.read() == SAVED
