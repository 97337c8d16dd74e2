"""Finding a model in a checkpoint: under whatever prefixes and keys its weights lie, they are named by the model's own.

Training, compiling, distributing and other programs put names before the model's own, leave some of them out, keep the
averaged weights beside the trained ones, and write weight norm in two ways. None of that changes a weight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

#: A model's parts by the first word of their weights' names, and what they are called.
PARTS = {"model": "diffusion network", "conditioner": "conditioners", "pretransform": "autoencoder"}
#: What an autoencoder needs for sound that goes in alone.
ENCODER = "pretransform.model.encoder."

#: Words that wrappers put into names: of distribution, compilation and sharding.
_WRAPPERS = frozenset(
    {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module", "_module"}
)
#: Both forms of weight norm; the older one is what names are compared in.
_WEIGHT_NORM = {".parametrizations.weight.original0": ".weight_g", ".parametrizations.weight.original1": ".weight_v"}
#: What may be missing at the beginning of the model's own names: a file may hold one part alone.
_ROOTS = (
    "",
    "model.",
    "model.model.",
    "pretransform.",
    "pretransform.model.",
    "conditioner.",
    "conditioner.conditioners.",
)
#: Beside a model: who taught it, who judged it, and how far its training was.
_OTHERS = re.compile(
    r"(^|[._])(teacher|discriminator|critic|optimi[sz]er|loss|losses|lr_scheduler|callback|loop|scaler|rng_state)s?\w*(\.|$)"
)
_AVERAGED = re.compile(r"(^|[._])(ema|averaged|avg|swa|shadow)([._]|$)")
#: Numbers of averaging, and what some releases save and others compute.
_COUNTERS = re.compile(r"(^|\.)(initted|step|n_averaged|num_updates|decay|num_batches_tracked|inv_freq|beta)$")

#: The model's own names, each with what it is called in the file.
Names: TypeAlias = dict[str, str]


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a file's names: the model's own ones follow ``before``, without ``root`` at their beginning."""

    before: str
    root: str

    @property
    def is_averaged(self) -> bool:
        """Whether these are the averages of the weights."""
        return _AVERAGED.search(self.before) is not None

    @property
    def is_the_model(self) -> bool:
        """Whether these are a model's to play, and not those of who taught or judged it."""
        return _OTHERS.search(self.before) is None


@dataclass(frozen=True, slots=True)
class Layout:
    """``names`` are the model's own, with the file's; ``averaged`` says whether some of them are averages.

    ``unused`` are the file's other names that are no other copy of the model, and none of its training. ``bare`` are
    those of a weight norm that was worked out: both stand for the one weight.
    """

    names: Names
    averaged: bool = False
    unused: tuple[str, ...] = ()
    bare: frozenset[str] = frozenset()


def find_layout(names: Iterable[str], expected: Iterable[str], optional: frozenset[str] = frozenset()) -> Layout:
    """How the file's ``names`` hold the ``expected`` ones.

    For each part of the model, the reading with the most of them counts; among equals averages do, as in
    stable-audio-tools' own ``export_model``. ``optional`` names decide nothing.
    """
    given = list(names)
    wanted = {plain_name(name): name for name in expected}
    readings = _readings(given, wanted)
    chosen: Names = {}
    averaged, copies = False, set[str]()
    for part in dict.fromkeys(name.partition(".")[0] for name in wanted.values()):
        size = sum(name.partition(".")[0] == part for name in wanted.values())
        of_part = {reading: _within(found, part) for reading, found in readings.items() if reading.is_the_model}
        counts = {reading: len(found.keys() - optional) for reading, found in of_part.items()}
        best = max(
            (reading for reading, count in counts.items() if count),
            key=lambda reading: (counts[reading], reading.is_averaged, -len(reading.before), reading.before),
            default=None,
        )
        if best is not None:
            chosen |= of_part[best]
            averaged = averaged or best.is_averaged
        copies |= {given for found in of_part.values() if len(found) * 2 > size for given in found.values()}
    taken = {*chosen.values(), *copies}
    unused = tuple(name for name in given if name not in taken and not _belongs_to_training(name))
    bare = frozenset(name for name, one in chosen.items() if _last(one) != _last(name))
    return Layout(chosen, averaged, unused, bare)


def plain_name(name: str) -> str:
    """A name without what wrappers put into it, with weight norm in its older form."""
    for new, old in _WEIGHT_NORM.items():
        if name.endswith(new):
            name = name.removesuffix(new) + old
    return ".".join(word for word in name.split(".") if word not in _WRAPPERS)


def _last(name: str) -> str:
    return plain_name(name).rpartition(".")[2]


def _belongs_to_training(name: str) -> bool:
    return _OTHERS.search(name) is not None or _COUNTERS.search(name) is not None


def _within(found: Mapping[str, str], part: str) -> Names:
    return {name: given for name, given in found.items() if name.partition(".")[0] == part}


def _readings(given: Iterable[str], wanted: Mapping[str, str]) -> dict[Reading, Names]:
    tails: dict[str, list[tuple[str, str]]] = {}
    for plain, name in wanted.items():
        ends = {plain}
        if plain.endswith((".weight_g", ".weight_v")):
            ends.add(plain[: -len("_g")])
        for root in _ROOTS:
            for end in ends:
                if end.startswith(root):
                    tails.setdefault(end[len(root) :], []).append((root, name))
    readings: dict[Reading, Names] = {}
    for name in given:
        words = plain_name(name).split(".")
        for index in range(len(words)):
            before = ".".join(words[:index]) + "." if index else ""
            for root, own in tails.get(".".join(words[index:]), ()):
                # Otherwise the same reading as the one that finds ``root`` in the file.
                if root and f".{before}".endswith(f".{root}"):
                    continue
                found = readings.setdefault(Reading(before, root), {})
                if own not in found or words[-1] == _last(own):
                    found[own] = name
    return readings
