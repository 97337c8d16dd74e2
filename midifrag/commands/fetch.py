"""``midifrag fetch``: all that models need, brought to this machine while there is a network."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from midifrag.commands.check_loras import fetch_loras
from midifrag.commands.common import explained
from midifrag.commands.console import err, out, say
from midifrag.config.catalogue import known
from midifrag.config.loading import Loaded
from midifrag.config.names import none_of
from midifrag.engine.loading.inventory import presence
from midifrag.engine.loading.model_files import located
from midifrag.engine.registry import engine_choice
from midifrag.errors import ModelError


def fetch(loaded: Loaded, names: Sequence[str]) -> None:
    """Fetch what is missing of these models, or of all that a set may play, and compare all of it with its checksums.

    Ends with the error of the first one that cannot be fetched, after the others.
    """
    wrong: list[ModelError] = []
    for name in dict.fromkeys(names or sorted(loaded.limits)):
        try:
            _fetch(loaded, name)
        except ModelError as error:
            wrong.append(error)
            if error is not wrong[0]:
                say(str(error), err)
    with explained():
        if wrong:
            raise wrong[0]


def _fetch(loaded: Loaded, name: str) -> None:
    if not loaded.settings.knows(name):
        raise ModelError(
            f"{none_of(name, loaded.settings.known_models)}. A model of the hub gets a name in presets.yaml: "
            "models: {mine: {hub: owner/name}}."
        )
    source = located(name, loaded.source(name))
    if "engine" in source or (not source and known(name) is None):
        say(f"{name}: its engine brings what it needs")
        return
    if not source:
        say(f"{name}: built in" if presence(name, source).is_whole else f"{name}: not part of this installation")
        return
    # What follows needs what plays models, and that takes seconds to be imported.
    from midifrag.engine.loading import cache
    from midifrag.engine.loading.load import fetch_files

    say(f"{name}: looking")
    with _Bar() as told:
        files, _ = fetch_files(engine_choice(loaded, name), told, cache.thorough_flaw)
    here = presence(name, source)
    note = f"; {files.note}" if files.note else ""
    say(f"{name}: whole and checked, {size_text(here.size)}{note}")
    for lora in fetch_loras(loaded, name):
        say(f"{name}: LoRA {lora} is here")


class _Bar(AbstractContextManager["_Bar"]):
    """A line for each file that comes: bytes, speed and the time that is left."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._progress = Progress(*columns, TimeRemainingColumn(), console=out, transient=True)
        self._total = -1
        self._task: TaskID | None = None

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, done: int, total: int, name: str) -> None:
        if self._task is None or total != self._total:
            self._task, self._total = self._progress.add_task(name, total=total, completed=done), total
        self._progress.update(self._task, completed=done, description=name)


def size_text(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
