"""What stands on a cue sheet."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from midifrag.commands.soundcheck.cue_rows import plain, png, sections
from tests.commands.soundcheck.test_hearing import a_take, tone
from tests.support.shows import bank


def test_a_row_has_where_it_lies_what_it_asks_for_and_how_long_it_takes():
    show, take = a_take(tone(440), landed=1.25, got=0.4, name="Rain\n")
    (section,) = sections(show.banks, [replace(take, heard=1.5)], {take.name: ["late: so much"]})
    assert (section.name, section.program, section.lacking) == ("Opening", "no program", "")
    (row,) = section.rows
    assert (row.pad, row.where) == ("36 C1", "row 1, column 1")
    assert (row.name, row.prompt, row.notes) == ("Rain ", "rain", ("late: so much",))
    assert (row.length, row.expected) == ("0.4 s (asked 1.0 s)", "1.25 s (heard 1.50 s)")
    assert Image.open(io.BytesIO(row.sound)).size[1] == 48


def test_what_did_not_land_has_neither_time_nor_sound():
    show, take = a_take(landed=0.0, got=None)
    late = replace(take, job=replace(take.job, times=replace(take.job.times, landed=None)))
    ((row,),) = (section.rows for section in sections(show.banks, [late], {}))
    assert (row.length, row.expected, row.sound) == ("(asked 1.0 s)", "", b"")


def test_a_bank_says_how_many_of_its_pads_are_lacking():
    banks = (bank("one", program=3), bank("two"))
    assert [(one.name, one.program, one.lacking, one.rows) for one in sections(banks, [], {})] == [
        ("One", "program 3", "2 of its 2 pads were not rendered", ()),
        ("Two", "no program", "2 of its 2 pads were not rendered", ()),
    ]


def test_what_no_page_can_hold_is_taken_out():
    assert plain("a\x00b\nc\ud800d é 雨 🎸") == "a b c\ufffdd é 雨 🎸"


def test_a_picture_is_read_back_as_it_was():
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(grey)))), grey)
