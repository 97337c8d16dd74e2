"""A line of a drawing that is written over where it stands."""

import io
import re

import pytest
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from midifrag.commands.in_place import InPlace


def shown_on(columns, text):
    """The lines that a terminal shows after all of ``text``, its cursor beginning at the top."""
    lines, row, column = [[]], 0, 0
    for number, what, one in re.findall(r"\x1b\[[?]?([\d;]*)([A-Za-z])|(.)", text, re.DOTALL):
        match f"{what}-" if what else one:
            case "A-":
                row -= int(number)
            case "B-":
                row += int(number)
            case "G-":
                column = int(number) - 1
            case "K-":
                lines[row] = lines[row][:column] if number == "0" else []
            case "\r":
                column = 0
            case "\n":
                row, column = row + 1, 0
                lines += [[] for _ in range(row + 1 - len(lines))]
            case "h-" | "l-" | "m-":
                pass
            case _:
                lines[row] += " " * (column + 1 - len(lines[row]))
                lines[row][column], column = one, column + 1
                assert column <= columns
    return "\n".join("".join(line) for line in lines)


def terminal(**size):
    return Console(file=io.StringIO(), force_terminal=True, **size)


def live(console, *lines):
    return InPlace(Group(*map(Text, lines)), "Time", lines[1].removeprefix("Time "))


def test_the_new_text_stands_where_the_old_one_did_and_what_follows_finds_its_place():
    console = terminal(width=30, height=10)
    drawing = live(console, "first", "Time 120 bar 1.1 long", "last")
    with Live(drawing, console=console, auto_refresh=False) as screen:
        screen.refresh()
        assert drawing.change(console, "120 bar 1.2")
        assert shown_on(30, console.file.getvalue()).rstrip() == "first\nTime 120 bar 1.2\nlast"
        console.print("said above")
        assert drawing.change(console, "120 bar 1.3")
    shown = shown_on(30, console.file.getvalue())
    assert " ".join(shown.split()) == "said above first Time 120 bar 1.1 long last"


def test_what_is_higher_than_the_terminal_is_changed_where_it_is_seen():
    console = terminal(width=30, height=3)
    drawing = live(console, "first", "Time 120 bar 1.1 long", "third", "last")
    with Live(drawing, console=console, auto_refresh=False) as screen:
        screen.refresh()
        assert drawing.change(console, "120 bar 1.2")
        assert shown_on(30, console.file.getvalue()).split() == ["first", "Time", "120", "bar", "1.2", "..."]


@pytest.mark.parametrize(
    ("size", "lines"),
    [
        # Wider than the terminal, just as wide, higher than it, of two lines, and not there.
        ({"width": 12, "height": 10}, ("first", "Time 1", "last")),
        ({"width": 16, "height": 10}, ("first", "Time 1", "last")),
        ({"width": 30, "height": 2}, ("first", "Time 1", "last")),
        ({"width": 9, "height": 10}, ("first", "Time 120 bar 1.1", "last")),
        ({"width": 30, "height": 10}, ("first", "Clock 1", "last")),
    ],
)
def test_what_has_no_place_is_left_to_a_whole_drawing(size, lines):
    console = terminal(**size)
    drawing = live(console, *lines)
    with Live(drawing, console=console, auto_refresh=False) as screen:
        screen.refresh()
        before = console.file.getvalue()
        assert not drawing.change(console, "120 bar 1.2")
        assert console.file.getvalue() == before


def test_no_text_has_no_place():
    console = terminal(width=30, height=10)
    drawing = live(console, "first", "Time ", "last")
    with Live(drawing, console=console, auto_refresh=False) as screen:
        screen.refresh()
        assert not drawing.change(console, "120 bar 1.1")


def test_a_drawing_that_was_never_drawn_has_no_place_in_it():
    console = terminal(width=30, height=10)
    assert not live(console, "first", "Time 1", "last").change(console, "2")
    assert console.file.getvalue() == ""
