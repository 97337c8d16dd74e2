"""NVIDIA cards: which there are, whether this build of PyTorch runs on them, and what mends it where it does not.

A build has machine code for some compute capabilities, and needs a driver that is as new as its CUDA. What each needs
is from NVIDIA's "CUDA Compatibility" (minor version compatibility) and from PyTorch's own table of builds.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TypeAlias

#: A compute capability, such as (8, 6).
Capability: TypeAlias = tuple[int, int]

#: Seconds that the driver's own tool may take; where a card hangs, it does too.
_PATIENCE = 10.0
#: What has to be of one build.
_PACKAGES = ("torch", "torchaudio", "torchvision")
#: The first cards that multiply in fp8, Ada, and how that is told.
FP8_CAPABILITY: Capability = (8, 9)
FP8_NEEDS = "fp8 needs an NVIDIA card of the Ada generation or newer (RTX 40, L40, H100 …; compute capability 8.9)"
#: The oldest driver for each major version of CUDA, on Linux and on Windows.
_DRIVERS = {11: (450, 452), 12: (525, 528), 13: (580, 580)}


@dataclass(frozen=True, slots=True)
class Card:
    """A card as its driver tells of it; an old driver does not tell the ``capability``. ``memory`` is in bytes."""

    name: str
    driver: str
    memory: int
    capability: Capability | None = None


@dataclass(frozen=True, slots=True)
class TorchBuild:
    """A build of PyTorch: its CUDA's version (None: without), what it has machine code for (``sm_86``, ``compute_90``).

    ``sees`` is how many cards it finds.
    """

    version: str
    cuda: str | None
    architectures: tuple[str, ...] = ()
    sees: int = 0


@dataclass(frozen=True, slots=True)
class Wheel:
    """A build that there is of this release, by the name that uv knows it by; ``oldest`` and ``newest`` card."""

    backend: str
    cuda: int
    oldest: Capability
    newest: Capability


#: What is tried first stands first. CUDA 13 left Maxwell, Pascal and Volta behind; 12.6 is older than Blackwell, for
#: whose first drivers there is 12.8.
WHEELS = (
    Wheel("cu130", 13, (7, 5), (12, 1)),
    Wheel("cu126", 12, (5, 0), (9, 0)),
    Wheel("cu128", 12, (7, 5), (12, 0)),
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a card is not used, and what to do: in words, and the one command, where there is one."""

    what: str
    remedy: str
    command: str = ""

    def __str__(self) -> str:
        return f"{self.what}. {self.remedy}" + (f": {self.command}" if self.command else ".")


Run: TypeAlias = Callable[[Sequence[str]], str]


def run_tool(command: Sequence[str]) -> str:
    """What a program prints. Raises OSError or subprocess.SubprocessError where it is not there, fails or hangs."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=_PATIENCE).stdout


def find_cards(run: Run = run_tool) -> tuple[Card, ...]:
    """The NVIDIA cards that the driver's ``nvidia-smi`` lists; none where it is not there or does not answer."""
    fields = "name,driver_version,memory.total,compute_cap"
    for asked in (fields, fields.removesuffix(",compute_cap")):
        try:
            told = run(["nvidia-smi", f"--query-gpu={asked}", "--format=csv,noheader,nounits"])
        except subprocess.CalledProcessError:
            # A driver from before 2022 does not know the last field.
            continue
        except (OSError, subprocess.SubprocessError):
            return ()
        return tuple(card for line in told.splitlines() if (card := _card(line)) is not None)
    return ()


def _card(line: str) -> Card | None:
    """A card from a line of name, driver, mebibytes and, maybe, capability; None for anything else."""
    parts = [part.strip() for part in line.split(",")]
    if len(parts) < 3:
        return None
    try:
        major, _, minor = parts[3].partition(".") if len(parts) > 3 else ("", "", "")
        capability = (int(major), int(minor)) if major else None
    except ValueError:
        capability = None
    # A card with shared memory tells none.
    return Card(parts[0], parts[1], int(parts[2]) << 20 if parts[2].isdecimal() else 0, capability)


def torch_build() -> TorchBuild:
    """The PyTorch that is installed here. Raises ImportError or OSError where it cannot be loaded."""
    import torch

    # Its own function tells nothing where no card can be used, which is when one wants to know.
    told: object = torch._C._cuda_getArchFlags() if hasattr(torch._C, "_cuda_getArchFlags") else None
    architectures = tuple(told.split()) if isinstance(told, str) else ()
    return TorchBuild(torch.__version__, torch.version.cuda, architectures, torch.cuda.device_count())


def runs_on(capability: Capability, architectures: Sequence[str]) -> bool:
    """Whether there is machine code for the capability, or something that the driver can make it from.

    Code runs on cards of the same major version that are as new or newer; that of ``sm_90a`` on its own card alone.
    """
    for name in architectures:
        kind, _, number = name.partition("_")
        digits = number.rstrip("af")
        if not digits.isdecimal():
            continue
        built = int(digits[:-1]), int(digits[-1])
        if number.endswith("a"):
            fits = built == capability
        elif kind == "sm":
            fits = built[0] == capability[0] and built[1] <= capability[1]
        else:
            fits = built <= capability
        if fits:
            return True
    return False


def trouble_with(card: Card, build: TorchBuild, system: str = sys.platform) -> Trouble | None:
    """Why this build does not run on this card, and the one thing to do about it; None where it does."""
    named = card.name if card.capability is None else f"{card.name} (compute capability {_told(card.capability)})"
    if build.cuda is None:
        return _mended(f"{named}: PyTorch {build.version} is a build without CUDA", card, system)
    needed = _driver_for(int(build.cuda.partition(".")[0]), system)
    if _driver(card) < needed:
        what = f"{named}: the driver {card.driver} is too old for CUDA {build.cuda}, which needs {needed}"
        return _mended(what, card, system)
    if card.capability is not None and build.architectures and not runs_on(card.capability, build.architectures):
        what = f"{named}: PyTorch {build.version} has no code for it, but for {', '.join(build.architectures)}"
        return _mended(what, card, system)
    if not build.sees:
        return Trouble(f"{named}: PyTorch sees no card", "Look whether CUDA_VISIBLE_DEVICES hides it")
    return None


def card_of_torch(index: int) -> Card:
    """A card as PyTorch tells of it, whose driver is new enough then."""
    import torch

    properties = torch.cuda.get_device_properties(index)
    return Card(properties.name, "", properties.total_memory, (properties.major, properties.minor))


def _mended(what: str, card: Card, system: str) -> Trouble:
    """The trouble ``what`` and its remedy: the newest build that card and driver can do, else a newer driver."""
    fitting = [wheel for wheel in WHEELS if _fits(wheel, card.capability)]
    if not fitting:
        newer = card.capability is not None and card.capability > WHEELS[0].newest
        which = "newer" if newer else "older"
        return Trouble(what, f"It is {which} than any build of this PyTorch; midifrag plays on the CPU")
    for wheel in fitting:
        if _driver(card) >= _driver_for(wheel.cuda, system):
            return Trouble(what, "Install the build that goes with card and driver", install_command(wheel.backend))
    needed = _driver_for(fitting[0].cuda, system)
    return Trouble(what, f"Install NVIDIA's driver {needed} or newer, start the machine again, and ask once more")


def install_command(backend: str) -> str:
    """What installs another build of the PyTorch that is here; uv keeps the old one unless told to take it anew."""
    packages = [(name, version) for name in _PACKAGES if (version := installed(name)) is not None]
    again = " ".join(f"--reinstall-package {name}" for name, _ in packages)
    wanted = " ".join(f"{name}=={version.partition('+')[0]}" for name, version in packages)
    return f"uv pip install --torch-backend={backend} {again} {wanted}"


def installed(package: str) -> str | None:
    """The version of a package that is installed; None where it is not."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _fits(wheel: Wheel, capability: Capability | None) -> bool:
    return capability is None or wheel.oldest <= capability <= wheel.newest


def _driver(card: Card) -> int:
    """The first number of a driver's version; what cannot be read is taken to be new enough."""
    number = card.driver.partition(".")[0]
    return int(number) if number.isdecimal() else sys.maxsize


def _driver_for(cuda: int, system: str) -> int:
    return _DRIVERS.get(cuda, _DRIVERS[max(_DRIVERS)])[system == "win32"]


def _told(capability: Capability) -> str:
    return f"{capability[0]}.{capability[1]}"
