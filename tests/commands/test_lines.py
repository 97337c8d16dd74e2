"""Whatever people write is one line of a terminal, and a table fits into it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from midifrag.commands.lines import fitted, listed, one_line, shortened, shown

UGLY = "rain\non\r\ttin\x1b[2J\x07\x9b1m\u2028close\u202e\ud800"


def test_breaks_become_spaces_and_what_controls_a_terminal_is_seen():
    assert one_line(UGLY) == "rain on tin?[2J??1m close??"
    assert one_line("  3  landed     дождь 🌧 → slot 1") == "  3  landed     дождь 🌧 → slot 1"
    assert shown("one\ntwo\x1b") == "one\ntwo?"


@given(st.text(alphabet=st.characters(), max_size=60), st.integers(1, 40))
def test_any_text_is_one_line_of_its_width(text, width):
    line = shortened(text, width)
    assert cell_len(line) <= width
    assert line.splitlines() in ([], [line])
    line.encode()


def test_what_fits_is_not_shortened():
    assert shortened("x" * 44, 44) == "x" * 44
    assert shortened("x" * 45, 44) == "x" * 43 + "…"
    assert shortened("雨" * 23, 44) == "雨" * 21 + " …"


def printed(table, width):
    console = Console(file=io.StringIO(), width=width)
    console.print(table)
    return console.file.getvalue().splitlines()


ROWS = [
    ("001", "rain on tin", "opening"),
    ("002", "x" * 10000, ""),
    ("003", UGLY, "drift"),
    ("004", "雨" * 90, "drift"),
]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_table_has_a_line_a_row_and_the_free_column_gives_way(width):
    head, *lines = printed(fitted(("take", "prompt", "bank"), ROWS, width, "prompt", "bank"), width)
    assert head.split() == ["take", "prompt", "bank"]
    assert [line.split()[0] for line in lines] == ["001", "002", "003", "004"]
    assert max(map(cell_len, lines)) <= width
    assert "rain on tin" in lines[0]
    assert [line.split()[-1] for line in lines if "002" not in line] == ["opening", "drift", "drift"]


def test_columns_give_way_in_their_order():
    rows = [("1", "x" * 30, "y" * 30)]
    for width, left in ((70, (30, 30)), (60, (23, 30)), (40, (10, 23)), (20, (10, 10))):
        line = printed(fitted(("n", "long one", "long two"), rows, width, "long one", "long two"), 200)[1]
        assert [len(cell) for cell in line.split()[1:]] == list(left)


def test_a_table_may_be_empty():
    assert [line.split() for line in printed(fitted(("take", "prompt"), [], 40, "prompt"), 40)] == [["take", "prompt"]]


def test_a_list_leaves_nothing_out():
    lines = printed(listed(("take", "prompt", "bank"), ROWS), 30)
    assert "".join(lines).count("x") == 10000
    assert [line.split() for line in lines[:4]] == [
        ["take", "001"],
        ["prompt", "rain", "on", "tin"],
        ["bank", "opening"],
        [],
    ]
