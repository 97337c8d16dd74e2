"""What commands begin and end with: flags, the show, warnings, errors as exit codes, and Ctrl-C.

Whatever is not needed by all of them is imported where it is: a list of ports shall not wait for what reads a show.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from midifrag.errors import ConfigurationError, MidifragError, Problem

if TYPE_CHECKING:
    from midifrag.config.loading import Loaded

DEFAULT_CONFIG = Path("presets.yaml")


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn our own errors into their text on stderr and their exit code."""
    try:
        yield
    except MidifragError as error:
        from midifrag.commands.console import err
        from midifrag.commands.lines import shown

        lines = error.problems if isinstance(error, ConfigurationError) else (error,)
        for line in lines:
            err.print(shown(str(line)), markup=False, soft_wrap=True)
        raise click.exceptions.Exit(error.exit_code) from error


class _WarningHandler(logging.Handler):
    """Prints on stderr as rich does, which is imported for the first record."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        from rich.logging import RichHandler

        from midifrag.commands.console import err
        from midifrag.commands.lines import one_line

        record = copy.copy(record)
        # A traceback beside it keeps its lines.
        record.msg, record.args = one_line(record.getMessage()), None
        handler = RichHandler(console=err, show_path=False, markup=False)
        handler.setFormatter(self.formatter)
        handler.emit(record)


def set_up_logging(verbose: bool) -> None:
    """Our own warnings to stderr; other libraries' only when they matter."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=[_WarningHandler()], force=True)
    logging.getLogger("midifrag").setLevel(logging.DEBUG if verbose else logging.WARNING)


def load_show(path: Path | None, flags: Mapping[str, Any]) -> Loaded:
    """The show at ``path``; of a folder, or without one of the current folder, its presets.yaml.

    Raises `ConfigurationError`.
    """
    from midifrag.config import loading

    path = path or DEFAULT_CONFIG
    if path.is_dir():
        path /= DEFAULT_CONFIG
    return loading.load(path, flags)


def archive_folder(fragments: Path | None) -> Path:
    """Where the takes are: in ``--fragments``, else where the set in this folder has them, else in ``fragments``.

    Raises `ConfigurationError`.
    """
    from midifrag.config import folders

    problem = None if fragments is None else folders.folder_problem(str(fragments))
    if problem is not None:
        raise ConfigurationError([Problem("command line", None, "--fragments", problem)])
    if fragments is not None or not DEFAULT_CONFIG.exists():
        return folders.archive_folder(str(fragments or folders.FRAGMENTS))
    return folders.archive_folder_of(DEFAULT_CONFIG, os.environ) or load_show(None, {}).archive_folder


def nested(**values: Any) -> dict[str, Any]:
    """Flags as the configuration nests them: ``fragments__folder=x`` is fragments.folder; None is left out."""
    flags: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            continue
        *groups, last = name.split("__")
        place = flags
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
    return flags


@contextlib.contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that is set by what would end the program in the middle: Ctrl-C, a polite kill, a closed terminal."""
    stopped = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    numbers = [signal.SIGINT, signal.SIGTERM]
    # Windows has none, and under nohup it is to be ignored.
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        numbers.append(hangup)
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
