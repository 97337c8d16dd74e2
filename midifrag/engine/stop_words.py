"""Words of a prompt that every engine passes over in silence."""

from __future__ import annotations

#: Grammar and words that say nothing about a sound; neither known nor unknown.
STOP_WORDS: frozenset[str] = frozenset(
    word
    for line in (
        "a an and as at but by for from i in into is it its like of off on onto or over some that the then there this",
        "through to under with within sound sounds sample tone note key tempo loop one shot played playing",
        "synth synthesiser synthesizer",
    )
    for word in line.split()
)
