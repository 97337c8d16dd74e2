"""From a prompt's words to parameters: pure, and the same answer every time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from midifrag.engine.sketch.parameters import BARS_RANGE, BPM_RANGE, PITCH_RANGE, SoundParameters
from midifrag.engine.sketch.words import (
    ADJECTIVES,
    AXES,
    COUNTS,
    FAMILY_SYNONYMS,
    INTENSIFIERS,
    NOTES,
    SCALE_SPELLINGS,
)
from midifrag.engine.stop_words import STOP_WORDS

#: A4 = 440 Hz in semitones above C0, the scientific count of octaves (middle C is C4).
_SEMITONES_OF_A4 = 57
#: The most words that one entry of the tables spans.
LONGEST_PHRASE = 3

_FAMILY_OF = {phrase: name for name, synonyms in FAMILY_SYNONYMS.items() for phrase in (name, *synonyms)}
_WORD = re.compile(r"[^\W_]+#?")
_NUMBER = r"(\d+(?:\.\d+)?)"
_SCALE = "|".join(spelling for spelling in SCALE_SPELLINGS if len(spelling) > 1)
_BPM = re.compile(rf"(?<![\w.]){_NUMBER}\s*(?:bpm\b|beats per minute\b)")
_BARS = re.compile(rf"\b(\d+|{'|'.join(COUNTS)})\s*bars?\b")
_HERTZ = re.compile(rf"(?<![\w.]){_NUMBER}\s*(k?)(?:hz|hertz)\b")
_KEY = re.compile(rf"\b(?:in\s+)?(?:the\s+key\s+of\s+)?([a-g])(#|b|\s+sharp|\s+flat)?\s+({_SCALE})\b")
_SHORT_KEY = re.compile(r"\b(?:in|key\s+of)\s+([a-g])(#|b)?(m)?(?![\w#])")
_NOTE = re.compile(r"\b([a-g])(#|b)?(\d)(?!\w)")
#: What may follow "in a" for the "a" to be a note rather than an article.
_AFTER_NOTE_A = re.compile(r"\s*(?:$|[,.;:!?]|(?:with|and|at)\b)")


def parse(prompt: str) -> SoundParameters:
    """Say what ``prompt`` asks for; a word that means nothing here is named in ``unknown``, never an error.

    Musical facts are taken out first ("120 bpm", "2 bars", "440 Hz", "in C minor", "A2", where A4 is 440 Hz), then
    the longest phrases that the tables know. Intensifiers act on the next adjective, and "no" or "without" drops the
    family after it.
    """
    text = prompt.lower().replace("♯", "#").replace("♭", "b").replace("'", "").replace("’", "")
    facts = _Facts()
    text = facts.take_from(text.replace("-", " "))
    reader = _Reader()
    for phrase in _phrases(_WORD.findall(text)):
        reader.read(phrase)
    return SoundParameters(
        families=tuple(reader.families),
        **{axis: max(-1.0, min(1.0, round(amount, 6))) for axis, amount in reader.axes.items()},
        bpm=facts.bpm,
        key=facts.key,
        pitch_hz=facts.pitch_hz,
        bars=facts.bars,
        unknown=tuple(reader.unknown),
    )


@dataclass
class _Facts:
    """Tempo, key, pitch and bars; what is out of range stays in the text and ends up among the unknown words."""

    bpm: float | None = None
    key: str | None = None
    pitch_hz: float | None = None
    bars: int | None = None

    def take_from(self, text: str) -> str:
        """Note the facts in ``text`` and return it without them."""
        readers = (
            (_BPM, self._read_bpm),
            (_BARS, self._read_bars),
            (_HERTZ, self._read_hertz),
            (_KEY, self._read_key),
            (_SHORT_KEY, self._read_short_key),
            (_NOTE, self._read_note),
        )
        for pattern, read in readers:
            text = pattern.sub(partial(_without, read), text)
        return text

    def _read_bpm(self, match: re.Match[str]) -> bool:
        bpm = float(match[1])
        if not BPM_RANGE[0] <= bpm <= BPM_RANGE[1]:
            return False
        self.bpm = bpm
        return True

    def _read_bars(self, match: re.Match[str]) -> bool:
        bars = COUNTS.get(match[1]) or int(match[1])
        if not BARS_RANGE[0] <= bars <= BARS_RANGE[1]:
            return False
        self.bars = bars
        return True

    def _read_hertz(self, match: re.Match[str]) -> bool:
        return self._set_pitch(float(match[1]) * (1000 if match[2] else 1))

    def _read_key(self, match: re.Match[str]) -> bool:
        accidental = (match[2] or "").strip()
        root = match[1] + {"sharp": "#", "flat": "b"}.get(accidental, accidental)
        self.key = f"{root.capitalize()} {SCALE_SPELLINGS[match[3] or 'major']}"
        return True

    def _read_short_key(self, match: re.Match[str]) -> bool:
        if match[1] == "a" and not (match[2] or match[3]) and not _AFTER_NOTE_A.match(match.string, match.end()):
            return False
        return self._read_key(match)

    def _read_note(self, match: re.Match[str]) -> bool:
        semitones = NOTES[match[1] + (match[2] or "")] + 12 * int(match[3])
        return self._set_pitch(440.0 * 2 ** ((semitones - _SEMITONES_OF_A4) / 12))

    def _set_pitch(self, hertz: float) -> bool:
        if not PITCH_RANGE[0] <= hertz <= PITCH_RANGE[1]:
            return False
        self.pitch_hz = round(hertz, 3)
        return True


def _without(read: Callable[[re.Match[str]], bool], match: re.Match[str]) -> str:
    """What stays of a match in the text: nothing if it could be read."""
    return " " if read(match) else match[0]


def _known(phrase: str) -> bool:
    return phrase in _FAMILY_OF or phrase in ADJECTIVES or phrase in INTENSIFIERS


def _singular(phrase: str) -> str:
    """``phrase``, or its singular where only that is in the tables."""
    for ending in ("s", "es"):
        if not _known(phrase) and phrase.endswith(ending) and _known(phrase.removesuffix(ending)):
            return phrase.removesuffix(ending)
    return phrase


def _phrases(words: list[str]) -> Iterator[str]:
    """Cut ``words`` into the longest known phrases, unknown words one by one."""
    position = 0
    while position < len(words):
        for count in range(min(LONGEST_PHRASE, len(words) - position), 0, -1):
            phrase = _singular(" ".join(words[position : position + count]))
            if count == 1 or _known(phrase):
                yield phrase
                position += count
                break


@dataclass
class _Reader:
    families: list[str] = field(default_factory=list)
    axes: dict[str, float] = field(default_factory=lambda: dict.fromkeys(AXES, 0.0))
    unknown: list[str] = field(default_factory=list)
    factor: float = 1.0

    def read(self, phrase: str) -> None:
        if phrase in INTENSIFIERS:
            self.factor *= INTENSIFIERS[phrase]
            return
        if phrase in STOP_WORDS:
            return
        if phrase in _FAMILY_OF:
            self._add_family(_FAMILY_OF[phrase])
        elif phrase in ADJECTIVES:
            for axis, amount in ADJECTIVES[phrase]:
                self.axes[axis] += amount * self.factor
        elif phrase not in self.unknown:
            self.unknown.append(phrase)
        self.factor = 1.0

    def _add_family(self, name: str) -> None:
        if self.factor > 0 and name not in self.families:
            self.families.append(name)
