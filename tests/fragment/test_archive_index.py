from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing

import pytest

from midifrag.errors import StorageError
from midifrag.fragment import archive_index
from midifrag.fragment.archive_index import Index, OutdatedIndexError
from midifrag.fragment.archive_rows import UPGRADES
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.search import Search, parsed
from tests.fragment.aging import age
from tests.fragment.sounds import FULL, record

WHOLE = dataclasses.replace(
    FULL,
    number=5,
    file="output005.wav",
    reason="silent",
    sample_rate=44100,
    channels=2,
    seconds=2.5,
    peak=0.75,
    gain=0.5,
    slot=3,
    landed_at=1700000003.5,
    starred=True,
    note="für den Schluß",
    tempo=90.5,
)


@pytest.fixture
def index(tmp_path):
    made = Index(tmp_path / "index.sqlite")
    made.ensure()
    return made


def take(number, **values):
    return record(number, number=number, file=f"output{number:03d}.wav", **values)


def everything(index):
    return index.select(Search(), {}, None, 0)


def test_takes_come_back_as_they_were_newest_first(index):
    bare = TakeRecord(prompt="", number=9, file="output009.wav")
    index.add([take(2), WHOLE, bare, take(1)])

    assert everything(index) == [bare, WHOLE, take(2), take(1)]
    flags = [(type(found.starred), type(found.spare)) for found in everything(index)]
    assert flags == [(bool, bool)] * 4
    assert set(index.places()) == {1, 2, 5, 9}


def test_a_number_that_is_there_stays_as_it_is(index):
    index.add([take(1)])
    index.add([take(1, prompt="another"), take(2)])

    assert everything(index) == [take(2), take(1)]


def test_fields_change_and_are_found_anew(index):
    index.add([take(1), take(2)])

    index.change([(1, {"note": "Für Später", "starred": True}), (7, {"note": "nobody"}), (2, {"slot": 4})])

    assert everything(index) == [take(2, slot=4), take(1, note="Für Später", starred=True)]
    assert [found.number for found in index.select(Search(("für", "später")), {}, None, 0)] == [1]
    assert set(index.places()) == {1, 2}


MADE = [
    take(1, prompt="Rain on a tin roof", bank="Opening", preset="36", model="pocket", rendered_at=100.0),
    take(2, prompt="low cello drone", bank="Opening", preset="37", model="pocket", rendered_at=200.0, starred=True),
    take(3, prompt="Ölfass im Regen", bank="Drift", preset="36", model="small", rendered_at=300.0, note="Schluß"),
    take(4, prompt="100% rain_drum", bank="Drift", preset="38", model="sketch", rendered_at=400.0, reason="silent"),
    take(5, prompt="never rendered", bank="Drift", preset="39", model="sketch"),
]


@pytest.mark.parametrize(
    ("words", "filters", "found"),
    [
        ("", {}, [5, 4, 3, 2, 1]),
        ("rain", {}, [4, 1]),
        ("roof rain", {}, [1]),
        ("ROOF", {}, [1]),
        ("ölfass", {}, [3]),
        ("ÖLFASS regen", {}, [3]),
        ("100%", {}, [4]),
        ("n_d", {}, [4]),
        ("schluss", {}, [3]),
        ("opening", {}, [2, 1]),
        ("39", {}, [5]),
        ("small", {}, [3]),
        ("silent", {}, [4]),
        ("roof\nopening", {}, []),
        ("xx", {}, []),
        ("'; drop table takes", {}, []),
        ("", {"number": 2}, [2]),
        ("", {"bank": "Drift"}, [5, 4, 3]),
        ("", {"preset": "36", "model": "pocket"}, [1]),
        ("", {"since": 200.0}, [4, 3, 2]),
        ("", {"until": 200.0}, [1]),
        ("", {"since": 200.0, "until": 400.0}, [3, 2]),
        ("", {"starred": True}, [2]),
        ("", {"starred": False}, [5, 4, 3, 1]),
        ("", {"bank": None, "number": 2}, [2]),
        ("cello", {"bank": "Drift"}, []),
        ("nothing of the kind", {}, []),
    ],
)
def test_takes_are_found(index, words, filters, found):
    index.add(MADE)
    split = Search(tuple(words.split(" ")) if words else ())

    assert [one.number for one in index.select(split, filters, None, 0)] == found
    assert index.count(split, filters) == len(found)
    assert [one.number for one in index.select(split, filters, 1, 0)] == found[:1]
    assert [one.number for one in index.select(split, filters, 2, 1)] == found[1:3]
    assert [one.number for one in index.select(split, filters, None, 1)] == found[1:]


def test_half_characters_lose_no_take(index):
    index.add([take(1, prompt="half \udcff", note="\ud800")])

    (found,) = everything(index)
    assert (found.prompt, found.note) == ("half ?", "?")
    index.change([(1, {"note": "\udcff more"})])
    assert everything(index)[0].note == "? more"


def test_a_sound_index_stays(index, tmp_path):
    index.add([take(1)])

    index.ensure()
    Index(tmp_path / "index.sqlite").ensure()

    assert everything(index) == [take(1)]


def upgrade(index):
    """Upgrade an index to the end, two takes at once; return after how many each time was over."""
    index.ensure()
    assert index.unfinished() is not None
    steps = [index.upgrade_some(0, 2)]
    while steps[-1] is not None:
        steps.append(index.upgrade_some(steps[-1], 2))
    return steps


@pytest.mark.parametrize("version", UPGRADES)
def test_one_of_a_version_before_is_brought_up_to_date_where_it_lies(index, tmp_path, version):
    made = [take(1, seconds=2.0, tempo=120.0, peak=0.5, key="Am"), take(2, seconds=1.0, bpm=90.0), take(3)]
    index.add(made)
    age(tmp_path / "index.sqlite", version)
    assert upgrade(index) == [2, None]
    assert index.unfinished() is None
    assert everything(index) == made[::-1]
    assert index.select(parsed("tempo:80..130 sort:shortest"), {}, None, 0) == [made[1], made[0]]
    assert index.select(parsed("key:A"), {}, None, 0) == [made[0]]
    index.add([take(4, seconds=3.0)])
    assert index.count(parsed("length:>=2"), {}) == 2
    assert index.highest() == 4


def test_one_that_is_half_upgraded_is_not_taken_for_whole_and_is_upgraded_by_whoever_comes_next(index, tmp_path):
    made = [take(number, key="Am") for number in range(1, 6)]
    index.add(made)
    index.holds_folder(7)
    age(tmp_path / "index.sqlite", 3)
    index.ensure()
    assert index.upgrade_some(0, 2) == 2
    # As after a kill.
    again = Index(tmp_path / "index.sqlite")
    for reader in (again, Index(tmp_path / "index.sqlite", read_only=True)):
        with pytest.raises(OutdatedIndexError, match="another version"):
            reader.reached()
    assert again.reached(unfinished=True).folder == 7
    # Takes come and change meanwhile.
    again.add([take(6, key="Am")])
    again.change([(5, {"note": "new"}), (1, {"note": "new"})])
    assert upgrade(again) == [2, 4, 6, None]
    assert again.reached().folder == 7
    assert again.count(parsed("key:A"), {}) == 6
    assert again.count(parsed("new"), {}) == 2


def test_an_empty_one_is_upgraded(index, tmp_path):
    age(tmp_path / "index.sqlite", 2)
    assert upgrade(index) == [None]
    assert index.reached().folder is None


def test_takes_in_the_trash_are_found_only_by_who_asks_for_them(index):
    index.add([take(1), take(2), take(3)])
    index.place(2, "trash/output002.wav")
    found = {
        asked: [one.number for one in index.select(Search(), {"trashed": asked}, None, 0)] for asked in (True, None)
    }
    assert found == {True: [2], None: [3, 2, 1]}
    assert [one.number for one in everything(index)] == [3, 1]
    assert index.places() == {1: False, 2: True, 3: False}
    (trashed,) = index.select(Search(), {"number": 2, "trashed": None}, None, 0)
    assert trashed == dataclasses.replace(take(2), file="trash/output002.wav")
    # As who moved it back by hand has it catch up.
    index.add([take(2, prompt="another")])
    assert everything(index)[1] == take(2)


def test_the_number_of_what_was_deleted_for_good_stays_given_away(index):
    index.add([take(1), take(7)])
    index.forget([7])
    assert (everything(index), index.highest()) == ([take(1)], 7)
    index.passed(3)
    assert index.highest() == 7


def spoil(path, how):
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "rubbish":
        path.write_bytes(b"no database " * 500)
    elif how == "cut off":
        path.write_bytes(content[:5000])
    elif how == "hole":
        path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    elif how == "other version":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 77")


@pytest.mark.parametrize("how", ["missing", "rubbish", "cut off", "hole", "other version"])
def test_one_that_is_no_good_is_replaced_by_an_empty_one(index, tmp_path, how):
    index.add([take(number) for number in range(1, 40)])
    spoil(tmp_path / "index.sqlite", how)

    index.ensure(thoroughly=True)

    assert everything(index) == []
    index.add([take(1)])
    assert set(index.places()) == {1}


def test_removing_takes_its_journal_with_it(index, tmp_path):
    (tmp_path / "index.sqlite-journal").write_text("half a change")
    (tmp_path / "other").write_text("stays")

    index.remove()

    assert [path.name for path in tmp_path.iterdir()] == ["other"]
    index.remove()
    index.ensure()
    assert everything(index) == []


QUESTIONS = [
    lambda index: index.add([take(1)]),
    lambda index: index.change([(1, {"note": "x"})]),
    lambda index: index.places(),
    lambda index: index.select(Search(), {}, None, 0),
    lambda index: index.count(Search(), {}),
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_damaged_one_is_an_error_that_says_what_to_do(index, tmp_path, question):
    spoil(tmp_path / "index.sqlite", "rubbish")

    with pytest.raises(StorageError, match=r"index\.sqlite is damaged: .*\. Start again: it is built anew"):
        question(index)


@pytest.mark.parametrize("question", [*QUESTIONS, Index.ensure])
def test_one_that_cannot_be_used_now_is_an_error_that_says_what_to_do(index, monkeypatch, question):
    def full(*_, **__):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(archive_index.sqlite3, "connect", full)

    with pytest.raises(
        StorageError, match=r"index\.sqlite: database or disk is full\. Takes are kept .*; close .* disk\.$"
    ):
        question(index)


def test_another_program_is_waited_for_and_no_disk(index, monkeypatch, tmp_path):
    real, asked = sqlite3.connect, []

    def watched(path, **options):
        asked.append((path, options))
        connection = real(path, **options)
        connection.set_trace_callback(asked.append)
        return connection

    monkeypatch.setattr(archive_index.sqlite3, "connect", watched)
    index.places()

    assert asked[:2] == [
        (tmp_path / "index.sqlite", {"timeout": archive_index.PATIENCE}),
        "PRAGMA synchronous = OFF",
    ]


def test_a_change_that_fails_half_way_changes_nothing(index):
    index.add([take(1), take(2)])

    def changes():
        yield 1, {"note": "x"}
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        index.change(changes())

    assert everything(index) == [take(2), take(1)]
