"""What commands print, as it is written."""

import io

from rich.console import Console
from rich.table import Table

from midifrag.commands.console import add_plain_row, say


def printed(width=40):
    return Console(file=io.StringIO(), width=width, highlight=False)


def test_a_line_is_printed_as_long_as_it_is_and_markup_is_text():
    console = printed()
    say("[bold]rain[/bold] " + "on tin " * 12, console)
    assert console.file.getvalue() == "[bold]rain[/bold] " + ("on tin " * 12).rstrip() + " \n"


def test_what_controls_a_terminal_is_told_and_not_done():
    console = printed()
    say("a\x1b[2Jb\nc", console)
    assert "\x1b" not in console.file.getvalue()
    assert console.file.getvalue().count("\n") == 1


def test_cells_of_a_table_are_text():
    table = Table(box=None, show_header=False)
    add_plain_row(table, "[red]kick[/red]", "two\nlines")
    console = printed()
    console.print(table)
    assert "[red]kick[/red]" in console.file.getvalue()
    assert len(console.file.getvalue().splitlines()) == 1
