"""What a press does: its pad's rules, who is choked, the queue's size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, assert_never

from pydantic import ValidationError

from midifrag.bridge.holding import HeldPad, Holding
from midifrag.bridge.jobs import Fallback, Job, Origin, PressedPad, RenderJob
from midifrag.bridge.press_requests import PressRequests
from midifrag.bridge.renders import Renders
from midifrag.bridge.set_list import SetList
from midifrag.bridge.sounding import Sounds
from midifrag.bridge.source_book import LastBegin
from midifrag.config.banks import Bank
from midifrag.config.pads import Pad
from midifrag.config.press_request import PressRequest, PressRules, Released, press_rules
from midifrag.config.problems import Sources, problems_in
from midifrag.events import Notice, PadChanged, StateChange
from midifrag.intents import Again, LetGo, Press, PressPad, Prompt, Release
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, NoticeLevel

#: How fast what nobody lets go is let go (0–1).
USUAL_RELEASE = 64 / 127


class Presses:
    """Turns presses of pads, and typed prompts, into renders."""

    def __init__(
        self,
        set_list: SetList,
        requests: PressRequests,
        renders: Renders,
        sounds: Sounds,
        holding: Holding,
        publish: Callable[[StateChange], None],
    ) -> None:
        self._set_list = set_list
        self._requests = requests
        self._renders = renders
        self._sounds = sounds
        self._holding = holding
        self._publish = publish

    def press(self, press: Press) -> None:
        """Play the pad of the active bank that this note belongs to, if there is one."""
        earlier = self._holding.take(press)
        if earlier is not None:
            # The release of what it pressed before was lost: nothing is pressed twice.
            self._let_go(earlier, press.time, USUAL_RELEASE)
        bank = self._set_list.named(press.bank)
        found = bank.find(press.note, press.channel, press.port)
        if found is None:
            return
        key, pad = found
        shown = (press.note, press.channel, press.port or None)
        rules = press_rules(self._set_list.settings, bank, pad)
        # Only hands let go.
        if press.source != "midi":
            self._press(bank, key, pad, press, shown, rules)
            return
        one = HeldPad(press, bank, key, pad, rules, shown)
        if rules.on_release:
            if self._clears_the_way(bank, key, pad):
                self._requests.pressed(key, press, bank.slug)
                self._holding.hold(one)
                self._holding.grow(press.time)
        else:
            job = self._press(bank, key, pad, press, shown, rules)
            self._holding.hold(one if job is None else replace(one, jobs=(job,)))

    def press_pad(self, press: PressPad) -> None:
        """Play the pad of the active bank that is called so, if there is one."""
        bank = self._set_list.bank
        found = bank.called(press.name)
        if found is None:
            return
        key, pad = found
        rules = press_rules(self._set_list.settings, bank, pad)
        self._press(bank, key, pad, press, (key.note, key.channel or 1, pad.port), rules)

    def _press(
        self,
        bank: Bank,
        key: PadKey,
        pad: Pad,
        press: Press | PressPad,
        shown: tuple[int, int, str | None],
        rules: PressRules,
    ) -> int | None:
        """Play a pad of a bank; it is ``shown`` at this note, channel and port. Returns the job it began."""
        if rules.press == "toggle" and self._end((bank.slug, key)):
            return None
        if not self._clears_the_way(bank, key, pad):
            return None
        self._requests.pressed(key, press, bank.slug)
        asked = self._requests.of(pad, press.velocity, key, bank)
        return self._submit(self._origin(bank, key, pad, asked, *shown), pad, asked, press.time)

    def _is_ended(self, job: Job) -> bool:
        """Whether somebody has ended a job already, though what it was is not over yet."""
        cancelling = isinstance(job, RenderJob) and job.cancelling
        return cancelling or job.called_off or self._sounds.is_hushed(job.number)

    # --- letting go --------------------------------------------------------------------------------------------------

    def release(self, release: Release) -> None:
        """What this hand held is let go; nothing where it held nothing."""
        one = self._holding.take(release)
        if one is not None:
            self._let_go(one, release.time, release.velocity)

    def let_go(self, what: LetGo) -> None:
        """Releases will not come any more: all that is held there is let go now."""
        for one in self._holding.take_all(what):
            self._let_go(one, what.time, USUAL_RELEASE)

    def let_go_all(self, now: float) -> None:
        """Nobody will let go any more: all that is held is let go now."""
        for one in self._holding.take_all():
            self._let_go(one, now, USUAL_RELEASE)

    def drop(self, now: float) -> None:
        """Nothing comes of what is held."""
        for one in self._holding.take_all():
            self._holding.drop(one, now)

    def _let_go(self, one: HeldPad, time: float, velocity: float) -> None:
        if one.rules.press == "gate":
            self._end(one.place, one.jobs)
        if not one.rules.on_release:
            return
        self._set_list.turn_to(one.press.hand.port)
        released = Released(max(0.0, time - one.press.time), velocity)
        asked = self._requests.of(one.pad, one.press.velocity, one.key, one.bank, released)
        self._submit(self._origin(one.bank, one.key, one.pad, asked, *one.shown), one.pad, asked, one.press.time)

    def _end(self, place: tuple[str, PadKey], only: Sequence[int] | None = None) -> bool:
        """End what presses of a pad began, on its way or sounding, or ``only`` these jobs; whether something was."""
        on_pad = self._renders.jobs.on_pad(*place)
        busy = [job for job in on_pad if (only is None or job.number in only) and not self._is_ended(job)]
        self._cancel(busy)
        for job in busy:
            if job.writing:
                # What is being written lands all the same, and is not heard.
                self._sounds.hush(job.number)
        last = self._renders.landings.last
        landed = last.of(place)
        if landed is None or (only is not None and landed.job not in only) or not last.lies(place, landed.slot):
            return bool(busy)
        if only is not None or (not busy and last.sounds(place)):
            self._sounds.stop(landed.slot)
            return True
        return bool(busy)

    def again(self, again: Again, last: PadChanged | None, now: float) -> None:
        """Play a pad once more; it was shown as ``last``."""
        bank = self._set_list.named(again.bank)
        pad = bank.pads.get(again.pad)
        if pad is None or not self._clears_the_way(bank, again.pad, pad):
            return
        asked, time = self._requests.next_of(again.pad, bank), now if again.time is None else again.time
        shown = (last.note, last.channel, last.port) if last is not None else (again.pad.note, 1, pad.port)
        origin = self._origin(bank, again.pad, pad, asked, *shown)
        before = self._renders.landings.last.of(origin.place)
        match again.how:
            case "repeat":
                origin = replace(origin, kind=JobKind.TAKE)
                self._renders.landings.land_again(origin, asked.preset.prompt, pad.slot, asked.options, asked.landing)
            case "same_seed":
                if before is None or before.seed is None:
                    self._publish(Notice(NoticeLevel.INFO, f"{pad.label}: there is no earlier seed; it gets a new one"))
                seed: int | Literal["random"] = "random" if before is None or before.seed is None else before.seed
                again_from = None if before is None else before.begin
                self._submit(origin, pad, replace(asked, preset=replace(asked.preset, seed=seed)), time, again_from)
            case "variation":
                again_from = None if before is None else before.begin
                preset = replace(asked.preset, seed="random")
                self._submit(origin, pad, replace(asked, preset=preset), time, again_from)
            case _:
                assert_never(again.how)

    @staticmethod
    def _origin(
        bank: Bank, key: PadKey, pad: Pad, asked: PressRequest, note: int, channel: int, port: str | None
    ) -> Origin:
        fallback = None if pad.fallback is None else Fallback(asked.options, pad.slot, asked.landing)
        pressed = PressedPad(key, note, channel, port, pad.colour, pad.choke, pad.on_lost, fallback, asked.gain)
        return Origin(JobKind.PAD, bank.slug, pad.label, pressed)

    def _clears_the_way(self, bank: Bank, key: PadKey, pad: Pad) -> bool:
        """Whether a pad may play, by its rules; those that give way to it are cancelled."""
        place = (bank.slug, key)
        on_repress = press_rules(self._set_list.settings, bank, pad).on_repress
        jobs = self._renders.jobs
        earlier: list[Job] = [*jobs.pending(*place), *jobs.awaiting(*place)]
        if earlier and on_repress == "ignore":
            return False
        if earlier and on_repress in ("cancel", "replace"):
            self._cancel(earlier)
            if on_repress == "cancel":
                return False
        if pad.choke is not None:
            self._choke(pad.choke, place)
        return True

    def _cancel(self, jobs: Sequence[Job]) -> None:
        self._renders.cancel([job for job in jobs if isinstance(job, RenderJob)])
        self._renders.boundaries.cancel([job for job in jobs if job.writing and job.boundary is not None])

    def prompt(self, prompt: Prompt) -> None:
        """Render what somebody typed."""
        origin = Origin(JobKind.PROMPT, self._set_list.bank.slug, prompt.prompt)
        said = {"prompt": prompt.prompt, **prompt.parameters}
        try:
            pad = Pad.model_validate(said)
        except ValidationError as error:
            problem = next(problems_in(error, Pad, Sources("", said)))
            self._publish(Notice(NoticeLevel.ERROR, f"{problem.key}: {problem.message}"))
            return
        asked = self._requests.typed(pad)
        if not self._set_list.settings.knows(asked.model):
            self._publish(Notice(NoticeLevel.ERROR, f"model: {asked.model!r} is none of the models that there are"))
            return
        self._submit(origin, pad, asked, prompt.time)

    def _submit(
        self, origin: Origin, pad: Pad, asked: PressRequest, time: float, last: LastBegin | None = None
    ) -> int | None:
        """Have a press rendered; the number of its job, None where it was refused. ``last`` as in `Renders.submit`."""
        has_none = None if last is not None else self._renders.beginnings.trouble(asked.preset.sound, asked.model)
        if has_none is not None:
            self._renders.telling.refuse(origin, asked.preset.prompt, has_none, time)
            return None
        size = self._set_list.settings.queue.size
        if self._renders.jobs.waiting() >= size:
            full = f"the queue is full ({size} presses wait); press again when one has landed"
            self._renders.telling.refuse(origin, asked.preset.prompt, full, time)
            return None
        return self._renders.submit(
            origin, asked.preset, asked.model, asked.options, pad.slot, time, asked.landing, last
        )

    def _choke(self, group: str, place: tuple[str, PadKey]) -> None:
        jobs: list[Job] = [*self._renders.jobs.pending(), *self._renders.jobs.awaiting()]
        others = [job for job in jobs if job.origin.pad and job.origin.pad.choke == group]
        self._cancel([job for job in others if job.origin.place != place])
