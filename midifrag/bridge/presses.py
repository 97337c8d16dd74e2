"""What a press does: its pad's rules, who is choked, the queue's size."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from midifrag.bridge.jobs import Origin, PressedPad
from midifrag.bridge.renders import Renders
from midifrag.bridge.set_list import SetList
from midifrag.config.banks import Pad
from midifrag.config.press_request import PressRequest
from midifrag.events import Notice, StateChange
from midifrag.intents import Press, Prompt
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
        key, pad = found
        place = (bank.slug, key)
        pending = self._renders.jobs.pending(*place)
        if pending and pad.on_repress == "ignore":
            return
        if pending and pad.on_repress in ("cancel", "replace"):
            self._renders.cancel(pending)
            if pad.on_repress == "cancel":
                return
        if pad.choke is not None:
            self._choke(pad.choke, place)
        self._set_list.pressed(key, press)
        asked = self._set_list.request(pad, press.velocity)
        pressed = PressedPad(key, press.note, press.channel, press.port, pad.colour, pad.choke, pad.on_lost, asked.gain)
        self._submit(Origin(JobKind.PAD, bank.slug, pad.label, pressed), pad, asked, press.time)

    def prompt(self, prompt: Prompt) -> None:
        """Render what somebody typed."""
        origin = Origin(JobKind.PROMPT, self._set_list.bank.slug, prompt.prompt)
        try:
            pad = Pad.model_validate({"prompt": prompt.prompt, **prompt.parameters})
        except ValidationError as error:
            problem = error.errors()[0]
            self._publish(Notice(NoticeLevel.ERROR, f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"))
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
            self._renders.submit(origin, asked.preset, asked.model, asked.options, pad.slot, time)

    def _choke(self, group: str, place: tuple[str, PadKey]) -> None:
        pending = self._renders.jobs.pending()
        others = [job for job in pending if job.origin.pad and job.origin.pad.choke == group]
        self._renders.cancel([job for job in others if job.origin.place != place])
