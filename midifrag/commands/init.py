"""``midifrag init``: a set of one's own to start from."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from midifrag.commands.console import err, out
from midifrag.config.shipped import shipped_path
from midifrag.fragment.files import storage_error


def init(folder: Path) -> None:
    """Copy the shipped set into ``folder``; files that are there stay as they are."""
    source = shipped_path()
    files = [source, *sorted((source.parent / "presets").glob("*.yaml"))]
    targets = {file: folder / file.relative_to(source.parent) for file in files}
    there = [target for target in targets.values() if target.exists()]
    if there:
        err.print(f"{there[0]} is there already; nothing was written. Choose another folder.", markup=False)
        raise click.exceptions.Exit(2)
    try:
        for file, target in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    except OSError as error:
        err.print(str(storage_error("write", folder, error)), markup=False)
        raise click.exceptions.Exit(1) from error
    out.print(f"A set lies in {folder}:", markup=False, soft_wrap=True)
    for target in targets.values():
        out.print(f"  {target.relative_to(folder)}", markup=False)
    out.print(
        "\nNext:  midifrag ports    find your controller's name, and write it under `ports` in presets.yaml\n"
        "       midifrag check    in that folder, after every change\n"
        "       midifrag run      in that folder, to play",
        markup=False,
    )
