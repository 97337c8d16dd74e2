"""What is said of a sound and asked of the teacher for it: families, adjectives, and which prompts are held out.

A caption is a bag of words: one family and at most three adjectives, each on another axis. It says everything that is
asked, so the words determine what can be measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from math import comb
from typing import Any

import numpy as np

from midifrag.engine.sketch import FAMILIES, SoundParameters

#: Axis → (word towards −1, word towards +1): the whole vocabulary beside the names of the families.
WORDS: dict[str, tuple[str, str]] = {
    "length": ("short", "long"),
    "brightness": ("dark", "bright"),
    "pitch": ("low", "high"),
    "hardness": ("soft", "hard"),
    "distortion": ("clean", "distorted"),
    "reverb": ("dry", "reverberant"),
    "width": ("narrow", "wide"),
    "speed": ("slow", "fast"),
    "direction": ("falling", "rising"),
    "density": ("sparse", "dense"),
}
#: The families in the order of their class numbers.
NAMES: tuple[str, ...] = tuple(FAMILIES)
#: How often a caption has 0, 1, 2, 3 adjectives.
COUNTS = (0.2, 0.4, 0.3, 0.1)
#: How far an adjective moves its axis. For speed always equally far: were every movement a little faster or slower than
#: the next, none of their cycles would agree, and the model would learn to have none.
AMOUNT: dict[str, tuple[float, float]] = {axis: (0.75, 0.75) if axis == "speed" else (0.55, 0.95) for axis in WORDS}
#: One in this many combinations of words is never trained on.
HELD_OUT = 8
#: Axes that need more clips than captions give them: few families have them, or they change little that is loud.
RARE = ("speed", "density", "distortion")
#: An adjective is missed in a family where it is said less than so many times as often as is usual there.
MISSED = 0.75


@dataclass(frozen=True)
class Caption:
    """A prompt, the family it names, and the parameters that the teacher gets for it."""

    prompt: str
    family: str
    parameters: SoundParameters


def held_out(prompt: str) -> bool:
    """Whether this combination of words is kept for evaluation; a family alone never is."""
    words = sorted(prompt.split())
    if len(words) == 1:
        return False
    return hashlib.sha256(" ".join(words).encode()).digest()[0] % HELD_OUT == 0


def compose(family: str, adjectives: dict[str, float]) -> Caption:
    """The caption of ``family`` with ``adjectives``, a position in −1 … 1 (never 0) for each axis named."""
    words = [WORDS[axis][position > 0] for axis, position in adjectives.items()]
    # One mapping: a type checker would hold positions against the fields that are no axes.
    given: dict[str, Any] = {"families": (family,), **adjectives}
    return Caption(" ".join([*words, family]), family, SoundParameters(**given))


def families_with(axes: tuple[str, ...]) -> tuple[str, ...]:
    """The families that have any of ``axes``; all of them if none is named."""
    return tuple(name for name in NAMES if not axes or set(axes) & set(FAMILIES[name].axes))


def scarcity(prompt: str) -> float:
    """How often to take a clip with this caption beside one whose words apply to all families.

    The fewer families its rarest adjective applies to, the more often: else what it teaches is lost among the others.
    """
    said = set(prompt.split())
    shares = [len(families_with((axis,))) / len(NAMES) for axis, words in WORDS.items() if said & set(words)]
    return 1 / min(shares, default=1.0)


def draw(
    family: str,
    rng: np.random.Generator,
    *,
    evaluation: bool = False,
    naming: tuple[str, ...] = (),
    word: str | None = None,
) -> Caption:
    """A random caption of ``family``: for training one that is not held out, for evaluation one that is.

    With ``naming``, one whose adjectives are on at least one of these axes; with ``word``, one that has it.
    """
    while True:
        axes = FAMILIES[family].axes
        count = int(rng.choice(len(COUNTS), p=COUNTS))
        chosen = rng.choice(len(axes), size=min(count, len(axes)), replace=False)
        signs = rng.choice([-1.0, 1.0], size=len(chosen))
        amounts = [rng.uniform(*AMOUNT[axes[index]]) for index in chosen]
        positions = signs * amounts
        caption = compose(family, {axes[index]: float(at) for index, at in zip(chosen, positions, strict=True)})
        named = not naming or any(axes[index] in naming for index in chosen)
        named = named and (word is None or word in caption.prompt.split())
        if named and held_out(caption.prompt) == evaluation:
            return caption


@cache
def missed(family: str) -> tuple[str, ...]:
    """The adjectives that a family's captions for training have less than `MISSED` times as often as its others.

    Holding out takes whole combinations: where a short one is held out, many of the captions with its words are gone.
    """
    said = dict.fromkeys((word for axis in FAMILIES[family].axes for word in WORDS[axis]), 0.0)
    for words, share in _combinations(family):
        if not held_out(" ".join((*words, family))):
            for word in words:
                said[word] += share
    usual = sum(said.values()) / len(said)
    return tuple(word for word, share in said.items() if share < MISSED * usual)


def _combinations(family: str) -> Iterator[tuple[tuple[str, ...], float]]:
    """All adjectives that a caption of a family can have together, and how often `draw` comes to them."""
    axes = FAMILIES[family].axes
    for count, share in enumerate(COUNTS):
        taken = min(count, len(axes))
        for chosen in combinations(axes, taken):
            for words in product(*(WORDS[axis] for axis in chosen)):
                yield words, share / comb(len(axes), taken) / 2**taken
