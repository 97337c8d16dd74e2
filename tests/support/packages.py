"""Packages that look installed: a folder on the import path and what an installer would have written down of it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from midifrag import surface
from midifrag.config import catalogue


def install(project: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``project``, a folder with a pyproject.toml and modules beside it, be found as if installed in ``site``."""
    described = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entries = described["entry-points"]
    lines = [f"[{group}]\n" + "".join(f"{name} = {at}\n" for name, at in entries[group].items()) for group in entries]
    written = site / f"{described['name'].replace('-', '_')}-{described['version']}.dist-info"
    written.mkdir(parents=True)
    (written / "METADATA").write_text(f"Name: {described['name']}\nVersion: {described['version']}\n", encoding="utf-8")
    (written / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    for folder in (site, project):
        monkeypatch.syspath_prepend(folder)
    forget()


def forget() -> None:
    """Plug-ins are looked for once a process: look again."""
    for plugins in (catalogue.plugins, surface.plugins):
        plugins.cache_clear()
