"""Every address of OSC that midifrag sends or takes, one row each: decoding, encoding, docs and the page read it.

A new address is a row here, and a case where it comes from (`outgoing`) or leads to (`incoming`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from midifrag.config.parameters import NUMBERS
from midifrag.fragment.file_names import MOST_SLOTS
from midifrag.states import PadState

#: Most characters of a text that comes in.
MOST_TEXT = 2000
#: The largest whole number of OSC.
_MOST_WHOLE = 2**31 - 1


class Direction(Enum):
    """Whether a message comes in or goes out."""

    IN = "in"
    OUT = "out"


class Kind(Enum):
    """What an argument may be. ``tags`` are OSC's types that are sent for it, ``words`` what the docs call it."""

    #: Taken as a float as well, if that is a whole number: some programs send no others.
    WHOLE = ("i", "whole number")
    NUMBER = ("f", "number")
    TEXT = ("s", "text")
    #: Taken as 0 or 1, or as OSC's true and false.
    SWITCH = ("i", "0 or 1")
    #: A whole number is a pad's note.
    PAD = ("i or s", "note, or text")
    #: A whole number or text.
    BANK = ("i or s", "whole number, or text")
    #: Nothing is nil or an empty text.
    VALUE = ("f", "number, or nothing")

    def __init__(self, tags: str, words: str) -> None:
        self.tags, self.words = tags, words


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a message. A number lies within ``limits``; ``line`` says what it means.

    One that is ``optional`` may be left out, and so may all after it.
    """

    name: str
    kind: Kind
    line: str
    limits: tuple[float, float] | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """An address in one direction, what it carries, and what it says or does."""

    path: str
    direction: Direction
    arguments: tuple[Argument, ...]
    line: str

    @property
    def least(self) -> int:
        """How many arguments it has at least."""
        return sum(not argument.optional for argument in self.arguments)


_SLOT = Argument("slot", Kind.WHOLE, "the slot, from 1", (1, MOST_SLOTS))
_STATES = ", ".join(PadState)
_NAME = "the note where the pad is on any channel, else text such as `36/10`"

OUT: Sequence[Address] = (
    Address(
        "/midifrag/slot",
        Direction.OUT,
        (
            _SLOT,
            Argument("path", Kind.TEXT, "the fragment's file, absolute"),
            Argument("seconds", Kind.NUMBER, "how long it is", (0, _MOST_WHOLE)),
            Argument(
                "preset",
                Kind.TEXT,
                "the pad's name, or its prompt; the prompt as it was rendered where that has a placeholder, as `{bpm}`",
            ),
            Argument(
                "bars",
                Kind.NUMBER,
                "how many bars it is long; 0 where its length is not in music, or not known any more",
                (0, 10_000),
            ),
        ),
        "a fragment has landed in a slot, or the one before it was put back: its file is whole and in place; at the "
        "start of a show, and when it is asked for, what lies in each slot",
    ),
    Address(
        "/midifrag/pad",
        Direction.OUT,
        (
            Argument("key", Kind.PAD, _NAME, (0, 127)),
            Argument("state", Kind.TEXT, _STATES),
            Argument("step", Kind.WHOLE, "how far its render is, 0 where none runs", (0, _MOST_WHOLE)),
            Argument("of", Kind.WHOLE, "how many steps that takes, 0 where none runs", (0, _MOST_WHOLE)),
        ),
        "a pad of the active bank shows another state, or its render is a step further (at most 20 a second)",
    ),
    Address(
        "/midifrag/bank",
        Direction.OUT,
        (
            Argument("bank", Kind.TEXT, "its name in the set list"),
            Argument("name", Kind.TEXT, "what pages call it"),
            Argument("place", Kind.WHOLE, "its place in the set list, from 1", (1, 10_000)),
        ),
        "a bank is active; all of its pads follow",
    ),
    Address(
        "/midifrag/tempo",
        Direction.OUT,
        (
            Argument("bpm", Kind.NUMBER, "quarter notes a minute", (0, 10_000)),
            Argument("beats", Kind.WHOLE, "the signature's beats a bar", (1, 1000)),
            Argument("unit", Kind.WHOLE, "the signature's lower number", (1, 1000)),
            Argument("running", Kind.SWITCH, "0 while the clock that counts stands still"),
        ),
        "musical time goes on at another tempo, in another signature, stops or starts",
    ),
    Address(
        "/midifrag/beat",
        Direction.OUT,
        (
            Argument("quarter", Kind.WHOLE, "quarter notes since the first bar began", (-_MOST_WHOLE, _MOST_WHOLE)),
            Argument("bar", Kind.WHOLE, "the bar, from 1", (-_MOST_WHOLE, _MOST_WHOLE)),
            Argument("beat", Kind.WHOLE, "the beat of the signature in it, from 1", (1, 1000)),
        ),
        "each quarter note, while time runs",
    ),
)

IN: Sequence[Address] = (
    Address(
        "/midifrag/press",
        Direction.IN,
        (
            Argument(
                "pad", Kind.PAD, "a note of the active bank, or a pad's name, prompt, or key (`C1`, `36/10`)", (0, 127)
            ),
            Argument(
                "velocity", Kind.NUMBER, "100 where it is left out; 0 lets go, which does nothing", (0, 127), True
            ),
        ),
        "presses a pad, as a controller does",
    ),
    Address(
        "/midifrag/prompt",
        Direction.IN,
        (
            Argument("prompt", Kind.TEXT, "what it should sound like"),
            Argument(
                "seconds",
                Kind.NUMBER,
                "how long; what the presets say where it is left out",
                NUMBERS["seconds"].limits,
                True,
            ),
        ),
        "renders a typed prompt",
    ),
    Address(
        "/midifrag/control",
        Direction.IN,
        (
            Argument(
                "name",
                Kind.TEXT,
                "a parameter that a control may set, such as `cfg_scale`, or `gain 3`, or `morph cc 25`",
            ),
            Argument(
                "value", Kind.VALUE, "within the parameter's limits; without one, the presets' counts again", None, True
            ),
        ),
        "sets a live value, as a knob does",
    ),
    Address(
        "/midifrag/bank",
        Direction.IN,
        (
            Argument(
                "bank",
                Kind.BANK,
                "a bank's name in the set list or on pages, or its program from 1; `next`, `previous`, `+2`; "
                "a number below 0 goes back so many",
                (-999, 128),
            ),
        ),
        "selects a bank",
    ),
    Address(
        "/midifrag/slot/lock",
        Direction.IN,
        (_SLOT,),
        "locks a slot: nothing lands in it until it is unlocked; it can be restored all the same",
    ),
    Address("/midifrag/slot/unlock", Direction.IN, (_SLOT,), "unlocks a slot"),
    Address(
        "/midifrag/slot/restore",
        Direction.IN,
        (_SLOT,),
        "puts the fragment before this one back, also in a locked slot; once more undoes it",
    ),
    Address(
        "/midifrag/slot/playing",
        Direction.IN,
        (_SLOT, Argument("on", Kind.SWITCH, "1 when the slot begins to sound in your program, 0 when it ends")),
        "says what sounds, so that nothing lands there meanwhile",
    ),
    Address(
        "/midifrag/slot/stop",
        Direction.IN,
        (Argument("slot", Kind.WHOLE, "the slot, from 1; all where it is left out", (1, MOST_SLOTS), True),),
        "ends what sounds from midifrag's own player",
    ),
    Address(
        "/midifrag/all",
        Direction.IN,
        (),
        "tells everybody how everything stands: each slot that is filled, the bank with its pads, the tempo; for a "
        "program that comes later, or lost a packet",
    ),
    Address(
        "/midifrag/panic",
        Direction.IN,
        (Argument("on", Kind.NUMBER, "0 does nothing, as a button that is let go", None, True),),
        "cancels everything",
    ),
)

#: The rows of what comes in, by address.
COMING: Mapping[str, Address] = {address.path: address for address in IN}
#: The rows of what goes out, by address.
GOING: Mapping[str, Address] = {address.path: address for address in OUT}
