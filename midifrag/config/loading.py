"""Reads a show from its files, the environment and flags; a mistake becomes a line with file, line, key and way out.

Flags win over ``MIDIFRAG_…`` variables (nested with ``__``), these win over ``presets.yaml``.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from midifrag.config.banks import Bank
from midifrag.config.folders import archive_folder, fragments_folder
from midifrag.config.names import none_of
from midifrag.config.problems import ENVIRONMENT_PREFIX, Sources, problem_at, problems_in, unknown_variables
from midifrag.config.settings import Settings
from midifrag.config.yaml_files import plain, read
from midifrag.errors import ConfigurationError, Problem
from midifrag.fragment.file_names import clashes, writers

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

    @property
    def folder(self) -> Path:
        """The folder that relative paths of the configuration start from."""
        return self.path.parent

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that were read; a change in one of them is a reason to read again."""
        return (self.path, *(bank_path(self.path, bank.slug) for bank in self.banks))

    @property
    def fragments_folder(self) -> Path:
        """Where slots live. Relative to the current folder, as a performer types it."""
        return fragments_folder(self.settings.fragments.folder)

    @property
    def archive_folder(self) -> Path:
        """Where raw takes live."""
        return archive_folder(self.settings.fragments.folder, self.settings.archive.folder)

    def source(self, model: str) -> dict[str, Any]:
        """Where ``model`` comes from, as `Show.source` says; its paths start from the folder of presets.yaml."""
        source = self.settings.source(model)
        paths = [key for key in ("config", "checkpoint", "folder") if key in source]
        return source | {key: str((self.folder / source[key]).resolve()) for key in paths}


def bank_path(show_path: Path, slug: str) -> Path:
    """The file of bank ``slug`` of the show at ``show_path``."""
    return show_path.parent / "presets" / f"{slug}.yaml"


def stamp(path: Path) -> Stamp:
    """What tells that a file has changed."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def load(path: Path, flags: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Loaded:
    """Read the show at ``path``. Raises `ConfigurationError` with one problem per mistake, over all files at once."""
    problems: list[Problem] = []
    stamps = {path.absolute(): stamp(path)}
    document = read(path, problems)
    sources = Sources(path.name, document, flags or {}, os.environ if environment is None else environment)
    settings = _load_show(sources, problems)
    slugs = settings.set_list if settings is not None else _set_list_of(document)
    stamps |= {file: stamp(file) for file in (bank_path(path.absolute(), slug) for slug in slugs)}
    banks = _load_banks(path, slugs, settings, sources, problems)
    if settings is not None:
        problems += _own_names(settings, sources)
        problems += _files_that_meet(settings, sources)
    problems += _clashes(banks)
    if problems or settings is None:
        raise ConfigurationError(problems)
    return Loaded(settings, banks, path.absolute(), flags or {}, stamps)


def _set_list_of(document: Any) -> list[str]:
    """The banks of a show that has mistakes, so that theirs are told at the same time."""
    names = document.get("set_list", []) if isinstance(document, dict) else []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


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
    try:
        return _merged(sources)
    except SettingsError as error:
        name = ENVIRONMENT_PREFIX + str(error).split('"')[1].upper()
        problems.append(Problem("environment", None, name, f"not readable as JSON: {error.__cause__ or error}"))
    except ValidationError as error:
        problems += problems_in(error, Settings, sources)
    return None


class _FileSource(PydanticBaseSettingsSource):
    """A file's document as one of the places where pydantic-settings looks."""

    def __init__(self, settings_cls: type[BaseSettings], document: Any) -> None:
        super().__init__(settings_cls)
        self._values = dict(plain(document))

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 (their signature)
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._values


def _merged(sources: Sources) -> Settings:
    class Layers(BaseSettings, Settings):
        model_config = SettingsConfigDict(
            env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
        )

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del dotenv_settings, file_secret_settings
            # A field of the class that pydantic-settings makes here, not of the one that it declares.
            env_settings.env_vars = {name.lower(): value for name, value in sources.environment.items()}  # type: ignore[attr-defined]
            return init_settings, env_settings, _FileSource(settings_cls, sources.data)

    return Layers(**sources.flags)


def _load_banks(
    path: Path, slugs: Sequence[str], settings: Settings | None, sources: Sources, problems: list[Problem]
) -> tuple[Bank, ...]:
    """The banks ``slugs`` that are right, each once; ``sources`` are those of the show at ``path``."""
    banks = []
    for slug in dict.fromkeys(slugs):
        named = problem_at(sources, ("set_list", str(slugs.index(slug))), "")
        bank = _load_bank(bank_path(path, slug), slug, settings, problems, named)
        if bank is not None:
            banks.append(bank)
    return tuple(banks)


def _load_bank(
    path: Path, slug: str, settings: Settings | None, problems: list[Problem], named: Problem
) -> Bank | None:
    """The bank ``slug``; ``named`` is where the set list names it."""
    name = f"presets/{path.name}"
    if not path.exists():
        there = sorted(file.stem for file in path.parent.glob("*.yaml"))
        problems.append(replace(named, message=f"{none_of(slug, there)}; each bank is a file in presets/"))
        return None
    data = read(path, problems, name)
    if data is None:
        return None
    sources = Sources(name, data)
    try:
        bank = Bank.model_validate({**plain(data), "slug": slug})
    except ValidationError as error:
        problems += problems_in(error, Bank, sources)
        return None
    if settings is not None:
        problems += _foreign_names(bank, settings, sources)
    return bank


def _foreign_names(bank: Bank, settings: Settings, sources: Sources) -> Iterator[Problem]:
    """What a bank says that only the show can confirm: its models, ports and slots."""
    for key, pad in bank.pads.items():
        yield from _unknown(sources, ("pads", str(key), "model"), pad.model, settings.known_models)
        yield from _unknown(sources, ("pads", str(key), "port"), pad.port, settings.ports)
        if pad.slot is not None and pad.slot > settings.fragments.count:
            yield problem_at(sources, ("pads", str(key), "slot"), f"{pad.slot} is above {settings.fragments.count}")
    for index, control in enumerate(bank.controls):
        yield from _unknown(sources, ("controls", str(index), "port"), control.port, settings.ports)
    yield from _unknown(sources, ("defaults", "model"), bank.defaults.model, settings.known_models)


def _own_names(settings: Settings, sources: Sources) -> Iterator[Problem]:
    """What the show says about its own models, ports, slots and banks."""
    yield from _unknown(sources, ("model",), settings.model, settings.known_models)
    yield from _unknown(sources, ("defaults", "model"), settings.defaults.model, settings.known_models)
    if settings.notify is not None:
        yield from _unknown(sources, ("notify", "port"), settings.notify.port, settings.ports)
    for name in ("controls", "actions"):
        for index, item in enumerate(getattr(settings, name)):
            yield from _unknown(sources, (name, str(index), "port"), item.port, settings.ports)
    for index, action in enumerate(settings.actions):
        place = ("actions", str(index))
        if action.slot is not None and action.slot > settings.fragments.count:
            yield problem_at(sources, (*place, "slot"), f"{action.slot} is above {settings.fragments.count}")
        if isinstance(action.bank, str):
            yield from _unknown(sources, (*place, "bank"), action.bank, settings.set_list)
    repeated = sorted({slug for slug in settings.set_list if settings.set_list.count(slug) > 1})
    if repeated:
        yield problem_at(sources, ("set_list",), f"{', '.join(repeated)} stands there more than once")


def _files_that_meet(settings: Settings, sources: Sources) -> Iterator[Problem]:
    """Files of the show's own that would replace each other."""
    fragments, archive = settings.fragments, settings.archive
    folder = fragments_folder(fragments.folder)
    for place, message in clashes(writers(folder, fragments.name, archive_folder(fragments.folder, archive.folder))):
        yield problem_at(sources, place, message)


def _unknown(sources: Sources, loc: tuple[str, ...], name: str | None, known: Collection[str]) -> Iterator[Problem]:
    if name is not None and name not in known:
        yield problem_at(sources, loc, none_of(name, known))


def _clashes(banks: tuple[Bank, ...]) -> Iterator[Problem]:
    programs: dict[int, str] = {}
    for bank in banks:
        if bank.program is None:
            continue
        if bank.program in programs:
            other = programs[bank.program]
            message = f"{bank.program} already selects {other}; each bank has its own"
            yield Problem(f"presets/{bank.slug}.yaml", None, "program", message)
        programs[bank.program] = bank.slug
