"""Reads a show from its files, the environment and flags; a mistake becomes a line with file, line, key and way out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from stat import S_IFMT, S_ISREG
from typing import Any, TypeAlias

from pydantic import ValidationError
from pydantic_settings import SettingsError

from midifrag.config.ableton import copies_folder
from midifrag.config.agreement import BankSource, disagreements, shared_programs
from midifrag.config.banks import Bank, repeated_pads
from midifrag.config.folders import archive_folder, fragments_folder
from midifrag.config.lengths import Limits
from midifrag.config.lora_lists import reading_from
from midifrag.config.merging import merged
from midifrag.config.names import none_of
from midifrag.config.problems import (
    ENVIRONMENT_PREFIX,
    Sources,
    deep_variables,
    first_of,
    problem_at,
    problems_in,
    unknown_variables,
)
from midifrag.config.settings import MOST_BANKS, Settings
from midifrag.config.surface_files import reading
from midifrag.config.unplayable import FactsOf, unplayable
from midifrag.config.yaml_files import plain, read, read_content
from midifrag.errors import ConfigurationError, Problem

#: A file's time and size; None for one that is not there.
Stamp: TypeAlias = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A show that has been read and found right: its settings, its banks in set order, and where they came from."""

    settings: Settings
    banks: tuple[Bank, ...]
    path: Path
    #: What the command line set over the files, so that they can be read again in the same way.
    flags: Mapping[str, Any] = field(default_factory=dict)
    #: How each file stood just before it was read.
    stamps: Mapping[Path, Stamp] = field(default_factory=dict, compare=False)
    #: Pads whose model cannot render what they ask for; the others play.
    unplayable: tuple[Problem, ...] = ()
    #: How short and how long takes of its models may be, by model, as far as that is known before they are loaded.
    limits: Mapping[str, Limits] = field(default_factory=dict)
    #: The files of its own surfaces.
    surfaces: tuple[Path, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder that relative paths of the configuration start from."""
        return self.path.parent

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that were read; a change in one of them is a reason to read again."""
        return (self.path, *self.surfaces, *(bank_path(self.path, bank.slug) for bank in self.banks))

    @property
    def fragments_folder(self) -> Path:
        """Where slots live. Relative to the current folder, as a performer types it."""
        return fragments_folder(self.settings.fragments.folder)

    @property
    def archive_folder(self) -> Path:
        """Where raw takes live."""
        return archive_folder(self.settings.fragments.folder, self.settings.archive.folder)

    @property
    def copies_folder(self) -> Path:
        """Where the copies are that Live is given."""
        return copies_folder(self.settings.fragments.folder, self.settings.ableton.folder)

    def source(self, model: str) -> dict[str, Any]:
        """Where ``model`` comes from, as `Show.source` says; its paths start from the folder of presets.yaml."""
        return _source(self.settings, self.folder, model)


def _source(settings: Settings, folder: Path, model: str) -> dict[str, Any]:
    source = settings.source(model)
    paths: list[str] = [key for key in ("config", "checkpoint", "pretransform", "folder") if key in source]
    if "hub" in source:
        # Beside hub, config is a file of the repository.
        paths = [key for key in paths if key == "pretransform"]
    if "engine" in source:
        # A key of that engine's own.
        paths = [key for key in paths if key != "pretransform"]
    if settings.is_elsewhere(model):
        paths = [key for key in ("token_file", "certificate") if key in source]
    return source | {key: str((folder / Path(source[key]).expanduser()).resolve()) for key in paths}


def bank_path(show_path: Path, slug: str) -> Path:
    """The file of bank ``slug`` of the show at ``show_path``."""
    return show_path.parent / "presets" / f"{slug}.yaml"


def bank_name(slug: str) -> str:
    """What the file of bank ``slug`` is called where its mistakes are told."""
    return f"presets/{slug}.yaml"


def stamp(path: Path) -> Stamp:
    """What tells that a file has changed; of what is no file only what kind it is, as a device changes all the time."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # ValueError: a character that no name can have
        return None
    if not S_ISREG(status.st_mode):
        return 0, -S_IFMT(status.st_mode)
    return status.st_mtime_ns, status.st_size


def load(
    path: Path,
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    contents: Mapping[str, bytes] | None = None,
    show: bytes | None = None,
) -> Loaded:
    """Read the show at ``path``. Raises `ConfigurationError` with one problem per mistake, over all files at once.

    ``contents`` stand in for what the files of banks hold, by slug, and ``show`` for what ``path`` does, to try what
    would be written.
    """
    problems: list[Problem] = []
    stamps = {path.absolute(): stamp(path)}
    document = read(path, problems) if show is None else read_content(show, problems, path.name)
    sources = Sources(path.name, document, flags or {}, os.environ if environment is None else environment)
    with reading(path.absolute()) as surface_files, reading_from(path.absolute().parent):
        settings = _load_show(sources, problems)
    problems += surface_files.problems
    surfaces = tuple(surface_files.paths)
    stamps |= {file: stamp(file) for file in surfaces}
    slugs = settings.set_list if settings is not None else _set_list_of(document)
    stamps |= {file: stamp(file) for file in (bank_path(path.absolute(), slug) for slug in slugs)}
    with reading_from(path.absolute().parent):
        banks = _load_banks(path, slugs, sources, problems, contents or {})
    if settings is not None:
        problems += first_of(disagreements(settings, banks, sources))
    problems += shared_programs(banks)
    if problems or settings is None:
        raise ConfigurationError(problems)
    facts = FactsOf(partial(_source, settings, path.absolute().parent))
    doubts = tuple(first_of(unplayable(settings, banks, sources, facts)))
    others = {settings.model, settings.engine.other_model or settings.model}
    limits = {model: facts(model).limits for model in {*facts.models, *others}}
    read_banks = tuple(bank for bank, _ in banks)
    return Loaded(settings, read_banks, path.absolute(), flags or {}, stamps, doubts, limits, surfaces)


def show_problem(loaded: Loaded, loc: tuple[str, ...], message: str) -> Problem:
    """A mistake at ``loc`` of the settings that only shows where they are used, placed where its value came from."""
    return problem_at(Sources(loaded.path.name, read(loaded.path, []), loaded.flags, os.environ), loc, message)


def _set_list_of(document: Any) -> list[str]:
    """The banks of a show that has mistakes, so that theirs are told at the same time."""
    names = document.get("set_list", []) if isinstance(document, dict) else []
    return [name for name in names if isinstance(name, str)][:MOST_BANKS] if isinstance(names, list) else []


def _load_show(sources: Sources, problems: list[Problem]) -> Settings | None:
    document = sources.data
    if document is None:
        return None
    if "pads" in document and "set_list" not in document:
        # What is said of each key of a bank would not help.
        message = "this is a bank; give the presets.yaml that names it in its set_list"
        problems.append(Problem(sources.file, None, "", message))
        return None
    problems += unknown_variables(sources.environment)
    deep = list(deep_variables(sources.environment))
    if deep:
        problems += deep
        return None
    try:
        return merged(sources)
    except SettingsError as error:
        name = ENVIRONMENT_PREFIX + str(error).split('"')[1].upper()
        problems.append(Problem("environment", None, name, f"not readable as JSON: {error.__cause__ or error}"))
    except ValidationError as error:
        problems += first_of(problems_in(error, Settings, sources))
    return None


def _load_banks(
    path: Path, slugs: Sequence[str], sources: Sources, problems: list[Problem], contents: Mapping[str, bytes]
) -> list[BankSource]:
    """The banks ``slugs`` that are right, each once; ``sources`` are those of the show at ``path``."""
    named = {slug: ("set_list", str(index)) for index, slug in reversed(list(enumerate(slugs)))}
    missing = [slug for slug in dict.fromkeys(slugs) if _is_missing(bank_path(path, slug))]
    if missing:
        there = sorted(file.stem for file in (path.parent / "presets").glob("*.yaml"))
        advice = "each bank is a file in presets/"
        problems += first_of(problem_at(sources, named[slug], f"{none_of(slug, there)}; {advice}") for slug in missing)
    found = [slug for slug in dict.fromkeys(slugs) if slug not in missing]
    banks = []
    for slug in found:
        content, named_at = contents.get(slug), problem_at(sources, named[slug], "")
        file = bank_path(path, slug)
        name = bank_name(slug)
        data = read(file, problems, name, named_at) if content is None else read_content(content, problems, name)
        banks.append(None if data is None else _bank(data, slug, problems))
    return [bank for bank in banks if bank is not None]


def _is_missing(path: Path) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):  # told when it is read
        return False
    return False


def _bank(data: Any, slug: str, problems: list[Problem]) -> BankSource | None:
    """The bank ``slug``, whose file holds ``data``, with its sources; None after adding to ``problems``."""
    sources = Sources(bank_name(slug), data)
    values = {**plain(data), "slug": slug}
    repeated = dict(repeated_pads(values.get("pads")))
    if repeated:
        problems += first_of(problem_at(sources, ("pads", str(key)), message) for key, message in repeated.items())
        # What else is wrong is told at the same time.
        values["pads"] = {key: pad for key, pad in values["pads"].items() if key not in repeated}
    try:
        bank = Bank.model_validate(values)
    except ValidationError as error:
        problems += first_of(problems_in(error, Bank, sources))
        return None
    return None if repeated else BankSource(bank, sources)
