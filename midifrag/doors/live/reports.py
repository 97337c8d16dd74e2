"""What a performer is told of Live: each cause once, until it has gone or is another one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeAlias

from midifrag.legible import legible
from midifrag.states import NoticeLevel

#: So many causes are kept in mind; beyond, they may be told a second time.
MOST = 500
#: A Live that comes so often within so many seconds is told once more, and then not again.
OFTEN, WITHIN = 5, 60.0


Tell: TypeAlias = Callable[[NoticeLevel, str], None]


class Reports:
    """Tells by ``tell``. For one thread at a time."""

    def __init__(self, tell: Tell) -> None:
        # Names of tracks and what a script says are not ours.
        self._tell: Tell = lambda level, text: tell(level, legible(text))
        self._told: dict[Hashable, str] = {}
        self._came: deque[float] = deque(maxlen=OFTEN + 1)
        #: What stood for each slot; None before anybody has said it.
        self.objects: Mapping[int, str] | None = None
        #: Whether another table or another Live is why a slot has nothing.
        self._is_new = False
        #: Why the fragment of a slot is not in Live.
        self.troubles: dict[int, str] = {}

    def once(self, level: NoticeLevel, cause: Hashable, text: str) -> None:
        """Tell something unless the same was told of that cause last."""
        if self._told.get(cause) == text:
            return
        if len(self._told) >= MOST:
            self._told.clear()
        self._told[cause] = text
        self._tell(level, text)

    def came(self, live: str, at: float) -> None:
        """A Live of this version has come at a moment (seconds)."""
        self._came.append(at)
        # Perhaps with another Set.
        self._is_new = True
        if self._is_restless(at):
            text = "Ableton Live comes and goes all the time; its Log.txt says why"
            self.once(NoticeLevel.WARNING, "restless", text)
        else:
            self._told.pop("restless", None)
            self._tell(NoticeLevel.INFO, f"Ableton Live {live} is connected")

    def left(self, at: float) -> None:
        """It has gone."""
        if not self._is_restless(at):
            self._tell(NoticeLevel.WARNING, "Ableton Live is not connected any more; it is waited for")

    def landed(self, slot: int) -> None:
        """A slot's fragment is in Live: what was wrong with it is over."""
        self.troubles.pop(slot, None)
        for cause in ("failed", "waiting"):
            self._told.pop((cause, slot), None)

    def failed(self, slot: int, text: str) -> None:
        """A slot's fragment is not in Live, and why."""
        self.troubles[slot] = why = text.removeprefix(f"slot {slot}: ")
        self.once(NoticeLevel.WARNING, ("failed", slot), f"slot {slot} is not in Live: {why}")

    def waits(self, slot: int, text: str) -> None:
        """A slot's fragment waits, and what for."""
        self.troubles[slot] = why = text.removeprefix(f"slot {slot}: ")
        self.once(NoticeLevel.INFO, ("waiting", slot), f"slot {slot} waits in Live: {why}")

    def said(self, level: NoticeLevel, text: str) -> None:
        """The script says something; the same again only after something else stands for a slot."""
        self.once(level, ("said", text), f"Live: {text}")

    def has_new_table(self, changed: Iterable[int] = ()) -> None:
        """Something else is looked for, for the slots that have ``changed``: what is not found was not deleted.

        What was wrong with what was looked for before is over.
        """
        self._is_new = True
        for slot in changed:
            self.landed(slot)

    def found(self, objects: Mapping[int, str], names: Mapping[int, str]) -> None:
        """What stands for each slot now; ``names`` says of each slot what is looked for.

        That something was deleted the script has said itself.
        """
        before, self.objects = self.objects, dict(objects)
        if before != self.objects:
            self._told = {cause: text for cause, text in self._told.items() if not _is_said(cause)}
        is_new, self._is_new = self._is_new, False
        if before is None:
            missing = [slot for slot in names if slot not in objects]
            if missing:
                what = f"slot {numbers(missing)}" if len(missing) == 1 else f"slots {numbers(missing)}"
                text = f"Live has nothing for {what} yet; there it would be {names[missing[0]]}"
                self.once(NoticeLevel.INFO, "missing", text)
            return
        for slot in sorted({*before, *objects}):
            was, now = before.get(slot), objects.get(slot)
            if now is None:
                if is_new:
                    text = f"Live has nothing for slot {slot} yet; there it would be {names.get(slot, 'another one')}"
                    self._tell(NoticeLevel.INFO, text)
            elif was is None:
                self._tell(NoticeLevel.INFO, f"slot {slot}: {now} stands for it in Live")
            elif was != now:
                self._tell(NoticeLevel.INFO, f"slot {slot}: {now} stands for it in Live, and not {was}")

    def _is_restless(self, at: float) -> bool:
        return len(self._came) > OFTEN and at - self._came[0] < WITHIN


def _is_said(cause: Hashable) -> bool:
    return isinstance(cause, tuple) and cause[0] == "said"


def numbers(slots: Iterable[int]) -> str:
    """Slots as a performer writes them: ``1–4, 6``."""
    runs: list[list[int]] = []
    for slot in sorted(slots):
        if runs and slot == runs[-1][-1] + 1:
            runs[-1].append(slot)
        else:
            runs.append([slot])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
