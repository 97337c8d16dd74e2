"""Pages without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from midifrag.config.loading import Loaded, load
from tests.page.headless import Headless
from tests.support.shows import loaded


@pytest.fixture
def headless(tmp_path: Path) -> Iterator[Callable[..., Headless]]:
    """Opens a page on a show of these banks and settings, its fragments in ``tmp_path``; or on another one."""
    opened: list[Headless] = []

    def open_page(*banks: Any, of: Loaded | None = None, **show: Any) -> Headless:
        opened.append(Headless(of or loaded(*banks, fragments={"folder": str(tmp_path / "fragments")}, **show)))
        return opened[-1]

    yield open_page
    for one in opened:
        one.close()


BANKS = {
    "opening": """\
# Played first.
name: Opening
pads:
  36: {prompt: "short kick", colour: red, steps: 8}      # the kick
  C#1: {prompt: rain, velocity: {sets: cfg_scale, range: [2, 9], curve: stepped, fields: 4}, on_repress: ignore}
""",
    "second": "name: Second\npads: {36: {prompt: bell}}\n",
}


class SetOnDisk:
    """A set in files, as a page edits it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "presets.yaml"
        self._fragments = folder / "fragments"
        (folder / "presets").mkdir(parents=True)
        self.path.write_text("model: sketch\nset_list: [opening, second]\nports: {grid: {in: Grid}}\n", "utf-8")
        for slug, text in BANKS.items():
            self.bank(slug).write_text(text, "utf-8")

    def bank(self, slug: str = "opening") -> Path:
        return self.path.with_name("presets") / f"{slug}.yaml"

    def load(self) -> Loaded:
        return load(self.path, {"fragments": {"folder": str(self._fragments)}}, environment={})


@pytest.fixture
def on_disk(tmp_path: Path) -> SetOnDisk:
    return SetOnDisk(tmp_path / "set")
