"""Asking a performer: one question at a time, and what is done with its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from midifrag.show.learning_answers import AnswerError, short
from midifrag.show.learning_edits import Step

#: Answers that leave things as they are.
NOTHING = ("", "n", "no")
#: What is done with an answer.
Then: TypeAlias = Callable[[str], Step]


@dataclass
class Dialogue:
    """What is asked now, or was asked last."""

    step: Step = field(default_factory=Step)
    _then: Then | None = None

    @property
    def waits(self) -> bool:
        """Whether an answer is waited for."""
        return self._then is not None

    def ask(self, says: Sequence[str], question: str, choices: Sequence[str], then: Then) -> Step:
        """Ask a question, in place of one that waits."""
        self._then, self.step = then, Step(says, question, choices)
        return self.step

    def again(self, reason: str, then: Then) -> Step:
        """Ask the same once more, and say why."""
        return self.ask((reason,), self.step.asks or "", self.step.choices, then)

    def drop(self) -> None:
        """No answer is waited for any more."""
        self._then = None

    def answer(self, text: str) -> Step | None:
        """Do what is done with an answer; None where nothing was asked."""
        then, self._then = self._then, None
        return None if then is None else then(text)

    def reading(self, read: Callable[[str], Any], then: Callable[[Any], Step]) -> Then:
        """What is done with an answer that can be read; one that cannot is told why, and asked for again."""

        def read_then(text: str) -> Step:
            try:
                value = read(text)
            except AnswerError as error:
                return self.again(str(error), read_then)
            return then(value)

        return read_then

    def yes(self, question: str, go_on: Callable[[], Step], leave: Callable[[], Step]) -> Step:
        """Go on only where that is wanted."""

        def then(text: str) -> Step:
            answer = text.lower()
            if answer in ("y", "yes"):
                return go_on()
            if answer in NOTHING:
                return leave()
            return self.again(f"{short(text)!r} is neither yes nor no", then)

        return self.ask((), f"{question} [yes, no]", ("yes", "no"), then)
