"""Commands for sound and files: ``render``, ``clean``, ``takes``."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.progress import Progress
from rich.table import Table

from midifrag.commands.common import add_plain_row, explained, out
from midifrag.config.catalogue import too_long
from midifrag.config.loading import Loaded
from midifrag.errors import RequestError, StorageError
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord


def render(prompt: str, target: Path, loaded: Loaded, parameters: Mapping[str, Any], raw: bool) -> None:
    """Render one prompt with the model of a show into a file, cleaned like a fragment unless ``raw``."""
    from midifrag.engine import api
    from midifrag.engine.registry import engine_choice
    from midifrag.fragment.audio_files import write_wav
    from midifrag.fragment.cutting import make_fragment

    with explained(), Progress(transient=True) as progress:
        # Said before a model is loaded, which takes a while.
        if not target.absolute().parent.is_dir():
            raise StorageError(f"{target} cannot be written: there is no folder {target.parent}. Make it first.")
        name = loaded.show.model
        trouble = too_long(parameters.get("seconds"), name, loaded.source(name))
        if trouble is not None:
            raise RequestError(f"{trouble}: ask for less.")
        task = progress.add_task(f"loading {name}", total=None)
        model = api.open_model(engine_choice(loaded, name))
        progress.update(task, description="rendering")
        take = api.perform(model, api.request(prompt, **parameters))
        options = FragmentOptions()
        audio = take.audio if raw else make_fragment(take.audio, take.sample_rate, options).audio
        comment = json.dumps({"prompt": prompt, "model": name, **take.used})
        write_wav(target, audio, take.sample_rate, 24 if raw else options.bits, {"title": prompt, "comment": comment})
    out.print(f"{target}  {audio.shape[1] / take.sample_rate:.2f} s, seed {take.used.get('seed')}", markup=False)
    for note in take.notes:
        out.print(f"note: {note}", markup=False)


def clean(source: Path, target: Path, options: FragmentOptions) -> None:
    """Do to any file what a take goes through to become a fragment."""
    from midifrag.fragment.audio_files import read_wav, write_wav
    from midifrag.fragment.cutting import make_fragment

    with explained():
        audio, sample_rate = read_wav(source)
        fragment = make_fragment(audio, sample_rate, options)
        write_wav(target, fragment.audio, sample_rate, options.bits)
    before, after = audio.shape[1] / sample_rate, fragment.audio.shape[1] / sample_rate
    out.print(f"{target}  {before:.2f} s → {after:.2f} s", markup=False)
    for note in fragment.notes:
        out.print(f"note: {note}", markup=False)


def table_of(records: list[TakeRecord]) -> Table:
    """Takes as a table, newest first."""
    table = Table(box=None, header_style="dim")
    for column in ("take", "", "when", "prompt", "bank", "model", "length", "slot"):
        table.add_column(column)
    for record in records:
        add_plain_row(
            table,
            f"{record.number:03d}" if record.number is not None else "",
            "★" if record.starred else ("✗" if record.reason else ""),
            # A spare may have waited long for its press.
            _when(record.pressed_at or record.rendered_at),
            record.prompt,
            record.bank,
            record.model,
            f"{record.seconds:.2f} s",
            str(record.slot or ""),
        )
    return table


def describe(record: TakeRecord) -> Table:
    """All that is known of one take."""
    table = Table(box=None, show_header=False)
    values = json.loads(record.to_json())
    for name, value in values.items():
        if value in (None, "", {}):
            continue
        text = ", ".join(f"{k} {v}" for k, v in value.items() if v not in (None, "")) if name == "parameters" else value
        add_plain_row(table, name, _when(value, "milliseconds") if name.endswith("_at") else str(text))
    return table


def _when(moment: float | None, to: str = "seconds") -> str:
    if moment is None:
        return ""
    local = datetime.datetime.fromtimestamp(moment, tz=datetime.UTC).astimezone().replace(tzinfo=None)
    return local.isoformat(" ", to)
