"""A deterministic synthesiser that reads prompts: always there, instant, no weights.

``parse`` turns a prompt's words into ``SoundParameters``, ``render_parameters`` turns those into a ``Sound``, and
``render_prompt`` does both. ``FAMILIES`` is the table of the sounds that it knows. It is the engine for rehearsal and
tests, the last resort on stage, and what a model can be taught from.
"""

from midifrag.engine.sketch.families import FAMILIES, Family
from midifrag.engine.sketch.parameters import SoundParameters
from midifrag.engine.sketch.prompt import parse
from midifrag.engine.sketch.rendering import SECONDS_RANGE, Sound, render_parameters, render_prompt
from midifrag.engine.sketch.voice import SAMPLE_RATE
from midifrag.engine.sketch.words import AXES

__all__ = [
    "AXES",
    "FAMILIES",
    "SAMPLE_RATE",
    "SECONDS_RANGE",
    "Family",
    "Sound",
    "SoundParameters",
    "parse",
    "render_parameters",
    "render_prompt",
]
