"""Rows of the index: what is written of a record, and read of a row that anybody may have written."""

import sqlite3
from contextlib import closing

import pytest

from midifrag.fragment.archive_rows import TABLES, put, record_in, set_place
from tests.fragment.sounds import record


@pytest.fixture
def rows():
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(TABLES)
        yield connection


def row(rows, columns):
    return rows.execute(f"SELECT {columns} FROM takes WHERE number = 1").fetchone()


def test_a_record_is_written_once_unless_it_is_to_replace(rows):
    first, second = (record(1, number=1, prompt=prompt) for prompt in ("Rain", "bell"))
    assert put(rows, first, "IGNORE")
    assert not put(rows, second, "IGNORE")
    assert row(rows, "words")[0].startswith("rain")
    assert put(rows, second, "REPLACE")
    assert row(rows, "words")[0].startswith("bell")


@pytest.mark.parametrize(
    ("said", "columns"), [("F#m", (6, "minor")), ("Bb", (10, "major")), ("pelog", (None, None)), ("", (None, None))]
)
def test_a_key_is_searched_by_tonic_and_mode(rows, said, columns):
    put(rows, record(1, number=1, key=said), "IGNORE")
    assert row(rows, "tonic, mode") == columns


def test_the_tempo_that_was_heard_goes_before_the_one_that_was_asked_for(rows):
    put(rows, record(1, number=1, bpm=90.0), "IGNORE")
    assert row(rows, "tempo") == (90.0,)
    put(rows, record(1, number=1, bpm=90.0, tempo=93.0), "REPLACE")
    assert row(rows, "tempo") == (93.0,)


def test_a_place_is_changed_and_nothing_else(rows):
    put(rows, record(1, number=1, file="output001.wav"), "IGNORE")
    set_place(rows, 1, "trash/output001.wav")
    set_place(rows, 9, "trash/output009.wav")
    found = record_in(rows.execute("SELECT number, record FROM records").fetchone())
    assert (found, row(rows, "trashed")) == (record(1, number=1, file="trash/output001.wav"), (1,))


@pytest.mark.parametrize("file", ["../secret.wav", "output002.wav", "trash/output002.wav", "x/output001.wav", "trash/"])
def test_a_row_names_no_file_but_its_own(file):
    assert record_in((1, record(1, file=file).to_json())).file == "output001.wav"
