"""What went wrong and nobody has said to have seen: it stays on the pad, in the log and at the bottom until then."""

from __future__ import annotations

from dataclasses import dataclass

from midifrag.events import JobChanged, Notice
from midifrag.pad_key import PadKey
from midifrag.page import texts
from midifrag.page.wire import FromShow
from midifrag.states import JobState, NoticeLevel, PadState

#: What is kept unseen; of more, the oldest go.
MOST = 50


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that went wrong, as a sentence; with the job that it was of, where it was one's."""

    text: str
    job: JobChanged | None = None

    @property
    def state(self) -> PadState:
        """What the pad of it shows."""
        return self.job.state.on_pad if self.job else PadState.FAILED


class Failures:
    """The failures of a show, for all of its browsers: who has seen them has seen them for everybody."""

    def __init__(self) -> None:
        self._unseen: dict[int | str, Failure] = {}

    def take(self, message: FromShow) -> bool:
        """Take in what the show says; whether that changes anything here."""
        match message:
            case Notice(NoticeLevel.ERROR, text):
                self._add(text, Failure(text))
                return True
            case JobChanged(state=JobState.FAILED | JobState.REFUSED):
                text = texts.FAILED_JOB.format(prompt=message.prompt, state=message.state, reason=message.text)
                self._add(message.job, Failure(text, message))
                return True
            case JobChanged(state=JobState.LANDED, fallback=False) if message.pad is not None:
                return self._forget(message.bank, message.pad)
            case _:
                return False

    def seen(self) -> None:
        """Somebody has seen them all."""
        self._unseen.clear()

    @property
    def unseen(self) -> tuple[Failure, ...]:
        """What nobody has seen yet, the newest first."""
        return tuple(reversed(self._unseen.values()))

    def of_pad(self, bank: str, pad: PadKey) -> Failure | None:
        """The newest of a pad."""
        return next((one for one in self.unseen if one.job and (one.job.bank, one.job.pad) == (bank, pad)), None)

    def _add(self, key: int | str, failure: Failure) -> None:
        self._unseen.pop(key, None)
        self._unseen[key] = failure
        while len(self._unseen) > MOST:
            del self._unseen[next(iter(self._unseen))]

    def _forget(self, bank: str, pad: PadKey) -> bool:
        """A pad that has landed since is well."""
        gone = [
            key
            for key, one in self._unseen.items()
            if one.job is not None and (one.job.bank, one.job.pad) == (bank, pad)
        ]
        for key in gone:
            del self._unseen[key]
        return bool(gone)
