"""Controllers that a set describes itself: ``surfaces/NAME.yaml`` beside presets.yaml, for ``surface: NAME``.

They are read while the set is (`reading`), since a name that no file says is a mistake there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from midifrag.config.own_surfaces import READING
from midifrag.config.problems import Sources, first_of, problems_in
from midifrag.config.yaml_files import plain, read
from midifrag.errors import Problem
from midifrag.surface.description import Description

#: What a file may be called: nothing that leads elsewhere.
_NAME = re.compile(r"[\w-]{1,64}")


def surface_path(show_path: Path, name: str) -> Path:
    """The file of surface ``name`` of the show at ``show_path``."""
    return show_path.parent / "surfaces" / f"{name}.yaml"


class SurfaceFiles:
    """The files beside the show at ``path``; each is read once. What is wrong in one is in ``problems``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[str, Description | None] = {}
        self.problems: list[Problem] = []

    @property
    def paths(self) -> list[Path]:
        """The files that were there."""
        return [surface_path(self._path, name) for name, found in self._read.items() if found is not None]

    def get(self, name: str) -> Description | None:
        """What the file of a surface says; None where there is none."""
        if name not in self._read:
            is_there = bool(_NAME.fullmatch(name)) and surface_path(self._path, name).is_file()
            self._read[name] = self._load(name) if is_there else None
        return self._read[name]

    def _load(self, name: str) -> Description:
        file = f"surfaces/{name}.yaml"
        data = read(surface_path(self._path, name), self.problems, file)
        if data is not None:
            try:
                return Description.model_validate(plain(data))
            except ValidationError as error:
                self.problems += first_of(problems_in(error, Description, Sources(file, data)))
        # So that what is wrong in it is told once, and not at each port that names it too.
        return Description(about=name, source=file)


@contextmanager
def reading(path: Path) -> Iterator[SurfaceFiles]:
    """While the show at ``path`` is read: what its surfaces are (`midifrag.config.own_surfaces`)."""
    files = SurfaceFiles(path)
    token = READING.set(files.get)
    try:
        yield files
    finally:
        READING.reset(token)
