"""What several commands share: consoles, reading the show, errors as exit codes."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table
from rich.text import Text

from midifrag.config import loading
from midifrag.config.problems import Sources, problems_in
from midifrag.errors import ConfigurationError, MidifragError
from midifrag.fragment.options import FragmentOptions

DEFAULT_CONFIG = Path("presets.yaml")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn our own errors into their text on stderr and their exit code."""
    try:
        yield
    except ConfigurationError as error:
        for problem in error.problems:
            err.print(str(problem), markup=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from error
    except MidifragError as error:
        err.print(str(error), markup=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from error


def add_plain_row(table: Table, *cells: str) -> None:
    """Add a row as it is written: what people call things may hold what rich takes for markup."""
    table.add_row(*map(Text, cells))


def set_up_logging(verbose: bool) -> None:
    """Our own warnings to stderr; other libraries' only when they matter."""
    logging.basicConfig(
        level=logging.WARNING,
        format="%(message)s",
        handlers=[RichHandler(console=err, show_path=False, markup=False)],
        force=True,
    )
    logging.getLogger("midifrag").setLevel(logging.DEBUG if verbose else logging.WARNING)


def load_show(path: Path | None, flags: Mapping[str, Any]) -> loading.Loaded:
    """The show at ``path``; without one, ``presets.yaml`` of the current folder. Raises `ConfigurationError`."""
    return loading.load(path or DEFAULT_CONFIG, flags)


def fragments_folders(fragments: Path | None) -> tuple[Path, Path]:
    """The fragments and archive folders that commands beside a show look into.

    They are those of ``--fragments``, else of the show in the current folder, else ``fragments``.
    """
    if fragments is None and DEFAULT_CONFIG.exists():
        loaded = load_show(None, {})
        return loaded.fragments_folder, loaded.archive_folder
    folder = (fragments or Path("fragments")).expanduser().absolute()
    return folder, folder / "archive"


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


def options_of(values: Mapping[str, Any]) -> FragmentOptions:
    """Fragment options from flags. Raises `ConfigurationError` with the flag's name."""
    try:
        return FragmentOptions.model_validate(values)
    except ValidationError as error:
        problems = problems_in(error, FragmentOptions, Sources("command line", {}, values))
        raise ConfigurationError(problems) from error
