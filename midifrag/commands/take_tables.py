"""Archived takes as tables: a list of them, and all that is known of one."""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection

from rich.table import Table
from rich.text import Text

from midifrag.commands.console import add_plain_row
from midifrag.commands.lines import NARROW, fitted, one_line, shortened
from midifrag.fragment.length import MusicalLength
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.recorded_length import recorded_length

#: Columns for the name of a bank or a model.
LONGEST_NAME = 16
#: Characters of one text of a take that are shown.
LONGEST_TEXT = 1000


def table_of(records: list[TakeRecord], width: int = 80, gone: Collection[int | None] = ()) -> Table:
    """Takes as a table, newest first, a line each; on narrow terminals as a list, two lines each.

    ``gone`` are the numbers of those whose file is there no more.
    """
    if width < NARROW:
        return _list_of(records, width, gone)
    rows = [
        (
            _number(record),
            _mark(record),
            _moment(record),
            record.prompt,
            shortened(record.bank, LONGEST_NAME),
            shortened(record.model, LONGEST_NAME),
            _length(record, gone),
            str(record.slot or ""),
        )
        for record in records
    ]
    return fitted(
        ("take", "", "when", "prompt", "bank", "model", "length", "slot"), rows, width, "prompt", "bank", "model"
    )


def _list_of(records: list[TakeRecord], width: int, gone: Collection[int | None]) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    for record in records:
        slot = f"slot {record.slot}" if record.slot else ""
        first = (_number(record), _mark(record) or " ", _moment(record), _length(record, gone), slot)
        table.add_row(Text(shortened(" ".join(first).rstrip(), width)))
        table.add_row(Text(shortened(f"      {one_line(record.prompt)}", width)))
    return table


def _number(record: TakeRecord) -> str:
    return f"{record.number:03d}" if record.number is not None else ""


def _length(record: TakeRecord, gone: Collection[int | None]) -> str:
    if record.number in gone:
        return "gone"
    length = recorded_length(record)
    return str(length) if isinstance(length, MusicalLength) else f"{record.seconds:.2f} s"


def _mark(record: TakeRecord) -> str:
    return "★" if record.starred else ("✗" if record.reason else "")


def _moment(record: TakeRecord) -> str:
    # A spare may have waited long for its press.
    return _when(record.pressed_at or record.rendered_at)


def describe(record: TakeRecord, gone: bool = False) -> Table:
    """All that is known of one take."""
    table = Table(box=None, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    values = json.loads(record.to_json())
    for name, value in values.items():
        if value in (None, "", {}) or (name == "preset" and value == record.prompt):
            continue
        text = ", ".join(f"{k} {v}" for k, v in value.items() if v not in (None, "")) if name == "parameters" else value
        if gone and name == "file":
            text = f"{value}, which is gone"
        elif record.is_trashed and name == "file":
            text = f"{value}: `midifrag takes {record.number} --restore` puts it back"
        add_plain_row(table, name, _when(value, "milliseconds") if name.endswith("_at") else _readable(str(text)))
    return table


def _readable(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST_TEXT]}… ({len(text)} characters; --json has all of them)"


def _when(moment: float | None, to: str = "seconds") -> str:
    if moment is None:
        return ""
    local = datetime.datetime.fromtimestamp(moment, tz=datetime.UTC).astimezone().replace(tzinfo=None)
    return local.isoformat(" ", to)
