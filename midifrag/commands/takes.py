"""``midifrag takes``: list, find, mark and render again what the archive holds."""

from __future__ import annotations

import contextlib
import datetime
import json
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from midifrag.commands.common import explained
from midifrag.commands.console import add_plain_row, out, say
from midifrag.commands.lines import NARROW, fitted, one_line, shortened
from midifrag.errors import ModelError, StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.archive_reader import ArchiveReader
from midifrag.fragment.length import MusicalLength
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.recorded_length import recorded_length
from midifrag.fragment.search import Filters

if TYPE_CHECKING:
    from midifrag.config.loading import Loaded
    from midifrag.engine import api
    from midifrag.engine.protocol import EngineChoice

#: Columns for the name of a bank or a model.
LONGEST_NAME = 16
#: Characters of one text of a take that are shown.
LONGEST_TEXT = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to do with one take; all off: show it."""

    again: bool = False
    star: bool | None = None
    note: str | None = None
    analyse: bool = False

    @property
    def changes(self) -> bool:
        """Whether anything of this is written down."""
        return self.again or self.analyse or self.star is not None or self.note is not None


def check_there(folder: Path) -> None:
    """Raise `StorageError` if there is no archive in ``folder``: looking makes none."""
    if not folder.is_dir():
        raise StorageError(f"There are no takes yet: {folder} is not there. Is this the folder of your set?")


def looked_at(folder: Path) -> contextlib.closing[ArchiveReader]:
    """The archive in ``folder``, to be looked at. Raises `StorageError` if there is none."""
    check_there(folder)
    return contextlib.closing(ArchiveReader(folder))


def opened(folder: Path) -> contextlib.closing[Archive]:
    """The archive in ``folder``, to be changed. Raises `StorageError`, also if there is none."""
    check_there(folder)
    return contextlib.closing(Archive(folder))


def find(folder: Path, words: str, limit: int, filters: Filters, as_json: bool) -> None:
    """List takes, newest first."""
    with explained(), looked_at(folder) as archive:
        records = archive.find(words, limit=limit, **filters)
        count = archive.count(words, **filters)
        gone = {record.number for record in records if archive.is_gone(record)}
    if as_json:
        out.print_json(json.dumps([_values(record, record.number in gone) for record in records]))
        return
    if not records:
        say(f"No takes in {folder}" + (f" with {words!r}" if words else ""))
        return
    out.print(table_of(records, out.width, gone))
    if count > len(records):
        out.print(f"{len(records)} of {count}; --limit shows more", markup=False)


def one(folder: Path, number: int, wanted: Wanted, show: Loaded | None, as_json: bool) -> None:
    """Show, mark, analyse or render again take ``number``."""
    begins: list[float] = []
    if wanted.changes:
        with explained(), opened(folder) as archive:
            begins = _write_down(archive, number, wanted)
            if wanted.again:
                copy = again(archive, archive.get(number), show)
                if not as_json:
                    told = f"take {number} again: {copy.file} in {folder}; no slot changed"
                    out.print(told, markup=False, soft_wrap=True)
                number = copy.number or number
    with explained(), looked_at(folder) as shown:
        record = shown.get(number)
        gone = shown.is_gone(record)
    if as_json:
        out.print_json(json.dumps(_values(record, gone)))
    else:
        out.print(describe(record, gone))
        if wanted.analyse:
            out.print(f"sounds begin at {', '.join(map(str, begins)) or '—'} s", markup=False, soft_wrap=True)


def _write_down(archive: Archive, number: int, wanted: Wanted) -> list[float]:
    """Star, annotate and analyse a take; return where its sounds begin, in seconds, if that was asked."""
    if wanted.star is not None:
        archive.star(number, wanted.star)
    if wanted.note is not None:
        archive.annotate(number, wanted.note)
    if not wanted.analyse:
        return []
    from midifrag.fragment.analysis import onsets, tempo

    audio, sample_rate = archive.read(number)
    archive.set_tempo(number, tempo(audio, sample_rate))
    return [round(at, 3) for at in onsets(audio, sample_rate)]


def _values(record: TakeRecord, gone: bool) -> dict[str, Any]:
    return {**json.loads(record.to_json()), "gone": gone}


def again(archive: Archive, record: TakeRecord, show: Loaded | None) -> TakeRecord:
    """Render a take again from its record and archive what comes out. Raises `ModelError` for another model."""
    from midifrag.engine import api

    model = api.open_model(_choice(record, show))
    checksum = model.info.checksum if isinstance(model, api.WorkerModel) else model.checksum
    if record.checksum and checksum != record.checksum:
        raise ModelError(
            f"Take {record.number} was made by another {record.model} (checksum {record.checksum[:12]}, this one has "
            f"{checksum[:12]}): it would sound different. Put that checkpoint back, or render the prompt anew."
        )
    noise = _noise_of(model)
    # Another card makes another sound of the same seed.
    other = f", with the noise of {noise} and not of {record.noise}" if record.noise and noise != record.noise else ""
    started = time.time()
    sound = None
    if record.source_checksum:
        from midifrag.fragment.source_sounds import source_of

        sound = source_of(archive, record.source_checksum, record.source_take)
    asked = api.request(record.prompt, recorded=True, sound=sound, fill=record.fill, **recorded_parameters(record))
    take = api.perform(model, asked)
    copy = TakeRecord(
        prompt=record.prompt,
        preset=record.preset,
        bank=record.bank,
        model=record.model,
        checksum=record.checksum,
        seed=record.seed,
        parameters=take.used,
        started_at=started,
        rendered_at=time.time(),
        note=f"take {record.number} again{other}",
        noise=noise,
        bars=record.bars,
        beats=record.beats,
        bpm=record.bpm,
        signature=record.signature,
        cut_seconds=record.cut_seconds,
        source=record.source,
        source_checksum=record.source_checksum,
        source_take=record.source_take,
        fill_from=record.fill_from,
        fill_to=record.fill_to,
        key=record.key,
    )
    return archive.store(take.audio, take.sample_rate, copy)


def _noise_of(model: api.LoadedModel) -> str:
    """What makes noise of a seed in a loaded model."""
    from midifrag.engine.loading.model import Model

    if not isinstance(model, Model):
        return model.info.noise
    from midifrag.engine.loading.device import device_name

    return device_name(model.noise_device)


def recorded_parameters(record: TakeRecord) -> dict[str, Any]:
    """What of a record goes into a new render of it, by parameter."""
    from midifrag.config.parameters import RequestParameters, names_of

    names = names_of(RequestParameters)
    return {name: record.parameters[name] for name in names if record.parameters.get(name) is not None}


def _choice(record: TakeRecord, show: Loaded | None) -> EngineChoice:
    from midifrag.config.catalogue import known
    from midifrag.engine.protocol import EngineChoice
    from midifrag.engine.registry import engine_choice

    if show is not None and show.settings.knows(record.model):
        choice = engine_choice(show, record.model)
    else:
        built_in = known(record.model)
        choice = EngineChoice(record.model, dict(built_in.source) if built_in else {})
    # A take is made again with the noise that it had, wherever that can be had.
    if not record.noise:
        return choice
    return replace(choice, options={**choice.options, "noise": "cpu" if record.noise == "cpu" else "device"})


def rebuild(folder: Path) -> None:
    """Build the index anew from the files."""
    with explained(), opened(folder) as archive:
        count = archive.rebuild()
    out.print(f"The index of {folder} holds {count} takes.", markup=False, soft_wrap=True)


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
