"""Stops one port's feedback when it comes back as presses that make new feedback, in whatever form and however late.

What comes back changed (another velocity, another note) cannot be left out: it may be a press. But when no feedback
goes out any more, a loop falls silent, and a hand does not. So what looks like a loop is held to that test, and then
asked with one light, several times: a loop answers with the very same message after the same time, a hand that plays
meanwhile does not. Nothing that comes in is left out for it but the light itself, and what is known as a loop's answer.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, assert_never

import mido

from midifrag.midi.echo import HORIZON

#: So many lights in a row that each have a press after them, all after the same delay, are held to the test.
IN_A_ROW = 4
#: How many lights and presses are remembered, between how many the times are measured, and how many of the times that
#: occur most are tried.
REMEMBERED, TRIED, TRIED_LIGHTS, BEST = 512, 16, 64, 6
#: Two looks are so far apart at least, in seconds.
LOOK_SECONDS = 0.004
#: How many of the lights have a press after them in a loop, at least: JACK may have lost one.
NEARLY_ALL = 0.9
#: How exact a loop's delay is: in seconds, and as a part of it.
EXACT, EXACT_PART = 0.008, 0.1
#: How long the test waits for a press, in seconds, and in times between two presses before; what may be on its way when
#: it begins does not count. After one the test gets rarer, for some seconds.
SILENCE, AS_SOON = 0.3, 2.0
RARER, TRUST_SECONDS = 4, 30.0
#: So many equal answers in a row to lights that ask are a loop's; how alike their delays are, in seconds and as a part
#: of them.
ANSWERS = 3
ANSWER_ALIKE, ANSWER_ALIKE_PART = 0.03, 0.1
#: How long a loop is left alone before it is asked whether it is still there, the first time and at most, in seconds.
RETRY_SECONDS, RETRY_AT_MOST = 2.0, 16.0


class Answer(NamedTuple):
    """What came in after a light that asked, and how long after it."""

    message: mido.Message
    delay: float

    def is_like(self, other: Answer) -> bool:
        """Whether one loop gives both."""
        apart = max(ANSWER_ALIKE, ANSWER_ALIKE_PART * other.delay)
        return self.message == other.message and abs(self.delay - other.delay) <= apart


class Phase(Enum):
    """What is done about a port's feedback."""

    FLOWS = 0
    TESTED = 1
    ASKED = 2
    STOPPED = 3


@dataclass
class Actions:
    """What the breaker does about a port's feedback. ``exact(delay)``: it comes back as it was; ``tell``: in words."""

    hold: Callable[[], None]
    silence: Callable[[], None]
    release: Callable[[], None]
    ask: Callable[[mido.Message], None]
    exact: Callable[[float], None]
    tell: Callable[[str], None]


def _remembered() -> deque[float]:
    return deque(maxlen=REMEMBERED)


@dataclass
class Breaker:
    """Watches the feedback of one output for presses on one input. Times are seconds of one clock."""

    actions: Actions
    phase: Phase = Phase.FLOWS
    _lights: deque[float] = field(default_factory=_remembered)
    _presses: deque[float] = field(default_factory=_remembered)
    _needed: int = IN_A_ROW
    _next_look: float = 0.0
    _unseen: int = 0
    _since: float = 0.0
    _asked: float = 0.0
    _asks: int = 0
    _rate: float = 0.0
    _light: mido.Message | None = None
    _heard: list[Answer] = field(default_factory=list)
    _answers: list[Answer] = field(default_factory=list)
    _known: Answer | None = None
    _retry: float = RETRY_SECONDS

    def lit(self, message: mido.Message, time: float) -> None:
        """A note with a velocity goes out."""
        if self.phase is Phase.FLOWS:
            self._light = message
            self._lights.append(time)
        elif self.phase is Phase.ASKED:
            # Now it really goes out.
            self._asked = time

    def pressed(self, message: mido.Message, time: float) -> bool:
        """A press comes in; whether it is certainly the answer to the light that asked, and no press at all."""
        self._presses.append(time)
        match self.phase:
            case Phase.FLOWS:
                if self._are_answered(time):
                    self._test(time)
            case Phase.TESTED:
                self._look_for_a_hand(time)
            case Phase.ASKED:
                return self._is_answer(message, time)
            case Phase.STOPPED:
                pass
            case _:
                assert_never(self.phase)
        return False

    def tick(self, time: float) -> None:
        """Time goes by; call a few times a second."""
        waited = time - self._since
        if self.phase is Phase.FLOWS and waited > TRUST_SECONDS:
            self._needed = IN_A_ROW
        elif self.phase is Phase.TESTED and waited > HORIZON + max(SILENCE, AS_SOON / self._rate):
            self._asks = 0
            self._ask(time)
        elif self.phase is Phase.ASKED and waited > HORIZON:
            self._judge(time)
        elif self.phase is Phase.STOPPED and waited > self._retry:
            self._asks = 0
            self._ask(time)

    def _are_answered(self, time: float) -> bool:
        """Whether the last lights nearly all have a press of their own, all after the same time."""
        self._unseen += 1
        if time < self._next_look or self._unseen < IN_A_ROW:
            return False
        self._next_look, self._unseen = time + LOOK_SECONDS, 0
        presses, lights = list(self._presses), list(self._lights)
        delays = Counter(
            int((press - light) / EXACT)
            for press in presses[-TRIED:]
            for light in lights[:: 1 + len(lights) // TRIED_LIGHTS]
            if 0 <= press - light <= HORIZON
        )
        for bin_number, _ in delays.most_common(BEST):
            delay = (bin_number + 0.5) * EXACT
            due = [light for light in lights if light <= time - delay][-2 * self._needed :]
            if _matched(due, presses, delay) >= max(self._needed, NEARLY_ALL * len(due)):
                return True
        return False

    def _test(self, time: float) -> None:
        self.phase, self._since = Phase.TESTED, time
        recent = [press for press in self._presses if time - press <= HORIZON]
        self._rate = len(recent) / max(time - recent[0], EXACT)
        self._presses.clear()
        self.actions.hold()

    def _look_for_a_hand(self, time: float) -> None:
        # Nothing of a loop is on its way any more: what comes as soon as before is played.
        if 0 < time - self._since - HORIZON < AS_SOON / self._rate:
            self._needed *= RARER
            self._flow(time)

    def _ask(self, time: float) -> None:
        self.phase, self._since, self._asked = Phase.ASKED, time, time
        self._asks += 1
        self._heard = []
        if self._light is not None:
            self.actions.ask(self._light)

    def _is_answer(self, message: mido.Message, time: float) -> bool:
        answer = Answer(message, time - self._asked)
        if answer.delay > HORIZON:
            return False
        self._heard.append(answer)
        return message == self._light or (self._known is not None and answer.is_like(self._known))

    def _judge(self, time: float) -> None:
        if self._known is not None:
            if any(answer.is_like(self._known) for answer in self._heard):
                self._retry = min(2 * self._retry, RETRY_AT_MOST)
                self.phase, self._since = Phase.STOPPED, time
            else:
                self._go_on(time)
            return
        before = self._answers if self._asks > 1 else self._heard
        self._answers = [one for one in self._heard if any(one.is_like(other) for other in before)]
        if not self._answers:
            self._needed *= RARER
            self._go_on(time)
        elif self._asks < ANSWERS:
            self._ask(time)
        elif self._answers[0].message == self._light:
            self.actions.exact(self._answers[0].delay)
            self._flow(time)
        else:
            self._stop(time, self._answers[0])

    def _go_on(self, time: float) -> None:
        """What went out did not come back."""
        if self._known is not None:
            self.actions.tell("its feedback does not come back any more, and its lights are on again")
        self._known = None
        self._flow(time)

    def _stop(self, time: float, answer: Answer) -> None:
        self._retry, self._known = RETRY_SECONDS, answer
        self.actions.silence()
        self.actions.tell(
            f"its own feedback comes back as presses, {1000 * answer.delay:.0f} ms later: its lights stay as they are "
            "until that ends. Switch off MIDI thru, or the monitoring of the track that plays it, or give it surface: "
            "none"
        )
        self.phase, self._since = Phase.STOPPED, time

    def _flow(self, time: float) -> None:
        self.phase, self._since = Phase.FLOWS, time
        self._lights.clear()
        self._presses.clear()
        self.actions.release()


def _matched(lights: Iterable[float], presses: Iterable[float], delay: float) -> int:
    """How many of ``lights`` have one of ``presses`` of their own about ``delay`` later."""
    exact = max(EXACT, EXACT_PART * delay)
    left = iter(presses)
    press, matched = next(left, None), 0
    for light in lights:
        while press is not None and press < light + delay - exact:
            press = next(left, None)
        if press is not None and press <= light + delay + exact:
            matched += 1
            press = next(left, None)
    return matched
