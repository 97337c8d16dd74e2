"""A fake Live and midifrag's side for one test; at its end the script has broken no rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.doors.live.lives import FakeLive, ShowSide


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., FakeLive]]:
    """Starts a Live that is closed, and asked for breaches, at the end."""
    begun: list[FakeLive] = []

    def starting(*arguments: str, **named: str) -> FakeLive:
        begun.append(FakeLive(home, *arguments, **named))
        return begun[-1]

    yield starting
    try:
        for live in begun:
            live.close()
    finally:
        for live in begun:
            live.kill()


@pytest.fixture
def show(home: Path) -> Iterator[ShowSide]:
    side = ShowSide(home)
    yield side
    side.close()
