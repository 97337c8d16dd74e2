"""What a press does: its pad's rules, who is choked, the queue's size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, assert_never

from pydantic import ValidationError

from midifrag.bridge.jobs import Fallback, Job, Origin, PressedPad, RenderJob
from midifrag.bridge.renders import Renders
from midifrag.bridge.set_list import SetList
from midifrag.config.pads import Pad
from midifrag.config.press_request import PressRequest
from midifrag.config.value_types import WrongKeyError
from midifrag.events import Notice, PadChanged, StateChange
from midifrag.intents import Again, Press, PressPad, Prompt
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, NoticeLevel


class Presses:
    """Turns presses of pads, and typed prompts, into renders."""

    def __init__(self, set_list: SetList, renders: Renders, publish: Callable[[StateChange], None]) -> None:
        self._set_list = set_list
        self._renders = renders
        self._publish = publish

    def press(self, press: Press) -> None:
        """Play the pad of the active bank that this note belongs to, if there is one."""
        bank = self._set_list.bank
        found = bank.find(press.note, press.channel, press.port)
        if found is None:
            return
        self._press(*found, press, (press.note, press.channel, press.port))

    def press_pad(self, press: PressPad) -> None:
        """Play the pad of the active bank that is called so, if there is one."""
        found = self._set_list.bank.called(press.name)
        if found is None:
            return
        key, pad = found
        self._press(key, pad, press, (key.note, key.channel or 1, pad.port))

    def _press(self, key: PadKey, pad: Pad, press: Press | PressPad, shown: tuple[int, int, str | None]) -> None:
        """Play a pad; it is ``shown`` at this note, channel and port."""
        if not self._clears_the_way(key, pad):
            return
        self._set_list.pressed(key, press)
        asked = self._set_list.request(pad, press.velocity)
        self._submit(self._origin(key, pad, asked, *shown), pad, asked, press.time)

    def again(self, again: Again, last: PadChanged | None, now: float) -> None:
        """Play a pad of the active bank once more; it was shown as ``last``."""
        bank = self._set_list.bank
        pad = bank.pads.get(again.pad)
        if pad is None or not self._clears_the_way(again.pad, pad):
            return
        asked, time = self._set_list.next_request(again.pad), now if again.time is None else again.time
        shown = (last.note, last.channel, last.port) if last is not None else (again.pad.note, 1, pad.port)
        origin = self._origin(again.pad, pad, asked, *shown)
        before = self._renders.landings.last.of(origin.place)
        match again.how:
            case "repeat":
                origin = replace(origin, kind=JobKind.TAKE)
                self._renders.landings.land_again(origin, asked.preset.prompt, pad.slot, asked.options, asked.landing)
            case "same_seed":
                if before is None or before.seed is None:
                    self._publish(Notice(NoticeLevel.INFO, f"{pad.label}: there is no earlier seed; it gets a new one"))
                seed: int | Literal["random"] = "random" if before is None or before.seed is None else before.seed
                self._submit(origin, pad, replace(asked, preset=replace(asked.preset, seed=seed)), time)
            case "variation":
                self._submit(origin, pad, replace(asked, preset=replace(asked.preset, seed="random")), time)
            case _:
                assert_never(again.how)

    def _origin(self, key: PadKey, pad: Pad, asked: PressRequest, note: int, channel: int, port: str | None) -> Origin:
        fallback = None if pad.fallback is None else Fallback(asked.options, pad.slot, asked.landing)
        pressed = PressedPad(key, note, channel, port, pad.colour, pad.choke, pad.on_lost, fallback, asked.gain)
        return Origin(JobKind.PAD, self._set_list.bank.slug, pad.label, pressed)

    def _clears_the_way(self, key: PadKey, pad: Pad) -> bool:
        """Whether a pad may play, by its rules; those that give way to it are cancelled."""
        place = (self._set_list.bank.slug, key)
        jobs = self._renders.jobs
        earlier: list[Job] = [*jobs.pending(*place), *jobs.awaiting(*place)]
        if earlier and pad.on_repress == "ignore":
            return False
        if earlier and pad.on_repress in ("cancel", "replace"):
            self._cancel(earlier)
            if pad.on_repress == "cancel":
                return False
        if pad.choke is not None:
            self._choke(pad.choke, place)
        return True

    def _cancel(self, jobs: Sequence[Job]) -> None:
        self._renders.cancel([job for job in jobs if isinstance(job, RenderJob)])
        self._renders.boundaries.cancel([job for job in jobs if job.writing])

    def prompt(self, prompt: Prompt) -> None:
        """Render what somebody typed."""
        origin = Origin(JobKind.PROMPT, self._set_list.bank.slug, prompt.prompt)
        try:
            pad = Pad.model_validate({"prompt": prompt.prompt, **prompt.parameters})
        except ValidationError as error:
            self._publish(Notice(NoticeLevel.ERROR, _problem(error)))
            return
        asked = self._set_list.typed_request(pad)
        if asked.model not in self._set_list.settings.known_models:
            self._publish(Notice(NoticeLevel.ERROR, f"model: {asked.model!r} is none of the models that there are"))
            return
        self._submit(origin, pad, asked, prompt.time)

    def _submit(self, origin: Origin, pad: Pad, asked: PressRequest, time: float) -> None:
        size = self._set_list.settings.queue.size
        if self._renders.jobs.waiting() >= size:
            full = f"the queue is full ({size} presses wait); press again when one has landed"
            self._renders.telling.refuse(origin, asked.preset.prompt, full, time)
        else:
            self._renders.submit(origin, asked.preset, asked.model, asked.options, pad.slot, time, asked.landing)

    def _choke(self, group: str, place: tuple[str, PadKey]) -> None:
        jobs: list[Job] = [*self._renders.jobs.pending(), *self._renders.jobs.awaiting()]
        others = [job for job in jobs if job.origin.pad and job.origin.pad.choke == group]
        self._cancel([job for job in others if job.origin.place != place])


def _problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    wrong = problem.get("ctx", {}).get("error")
    if isinstance(wrong, WrongKeyError):
        return f"{wrong.key}: {wrong}"
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
