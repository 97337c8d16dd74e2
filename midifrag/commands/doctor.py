"""``midifrag doctor``: what is installed, what this machine has, and the one command that mends what is wrong."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import click

from midifrag.commands.console import say
from midifrag.engine.loading.cards import (
    Card,
    TorchBuild,
    Trouble,
    find_cards,
    install_command,
    installed,
    torch_build,
    trouble_with,
)

#: What `uv run` does to a build that is not in its lock file.
KEEPING = "then play with `uv run --no-sync midifrag …`, or set UV_NO_SYNC=1: `uv run` alone puts the usual build back"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is as it should be, or else what to do about it and the command for that, where there is one."""

    what: str
    remedy: str = ""
    command: str = ""
    is_wrong: bool = False


def doctor() -> None:
    """Print what is found. Ends with 1 where something is to be mended."""
    is_well = True
    for finding in findings():
        say(f"{'! ' if finding.is_wrong else '  '}{finding.what}")
        for line in filter(None, (finding.remedy, finding.command and f"    {finding.command}")):
            say(f"    {line}")
        is_well &= not finding.is_wrong
    if not is_well:
        raise click.exceptions.Exit(1)


def findings() -> Iterator[Finding]:
    """Everything that is looked at, in the order in which it is told."""
    version, python = installed("midifrag") or "from a folder", platform.python_version()
    yield Finding(f"midifrag {version}, Python {python}, {platform.system()} {platform.release()} {platform.machine()}")
    cards = find_cards()
    try:
        build = torch_build()
    except (ImportError, OSError) as error:
        what = f"PyTorch {installed('torch') or 'is not installed'}: {str(error).strip() or type(error).__name__}"
        yield Finding(what, "Install it anew", "uv sync --reinstall-package torch", is_wrong=True)
        return
    yield Finding(described(build))
    yield from of_cards(cards, build)
    yield Finding(f"models play on {_best_device(cards)}")


def described(build: TorchBuild) -> str:
    """A build in one line."""
    if build.cuda is None:
        return f"PyTorch {build.version}, without CUDA"
    return f"PyTorch {build.version} for CUDA {build.cuda}: {', '.join(build.architectures) or 'unknown cards'}"


def of_cards(cards: tuple[Card, ...], build: TorchBuild, system: str = sys.platform) -> Iterator[Finding]:
    """A finding for each card; without any, whether a smaller build would do."""
    for card in cards:
        capability = "" if card.capability is None else f", compute capability {'.'.join(map(str, card.capability))}"
        memory = f"{card.memory / 2**30:.0f} GB" if card.memory else "shared memory"
        yield Finding(f"{card.name}: {memory}{capability}, driver {card.driver}")
        trouble = trouble_with(card, build, system)
        if trouble is not None:
            yield _to_mend(trouble)
    if not cards and build.cuda is not None and build.sees == 0:
        remedy = f"The build without CUDA does the same here and is some 3 GB smaller; {KEEPING}"
        yield Finding("no NVIDIA card", remedy, install_command("cpu"))


def _to_mend(trouble: Trouble) -> Finding:
    remedy = f"{trouble.remedy}; {KEEPING}" if trouble.command else trouble.remedy
    return Finding(trouble.what, remedy, trouble.command, is_wrong=True)


def _best_device(cards: tuple[Card, ...]) -> str:
    """What ``device: auto`` takes here."""
    from midifrag.engine.loading.precision import resolve_device

    device = resolve_device("auto").device
    if device.type == "cuda" and device.index is not None and device.index < len(cards):
        return f"{device}, {cards[device.index].name}"
    return str(device)
