"""Learning what pads and knobs do: messages and answers in, lines, questions and edits out.

Nothing here touches a port or a file: whoever drives it does what a `Step` asks for, and says what became of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from midifrag.config.actions import ACTIONS
from midifrag.config.controls import Relative
from midifrag.config.entry_editing import Section
from midifrag.config.loading import Loaded
from midifrag.config.parameters import shown
from midifrag.config.targets import TARGETS
from midifrag.config.targets import target as target_called
from midifrag.config.used_loras import names_in
from midifrag.midi.messages import MidiEvent
from midifrag.midi.recognising import Touched
from midifrag.show.learning_answers import (
    LAND_CHOICES,
    AnswerError,
    completed,
    needed_of,
    range_of,
    short,
    slot_of,
    usual_way,
)
from midifrag.show.learning_dialogue import NOTHING, Dialogue, Then
from midifrag.show.learning_edits import Device, NewEntry, NewPort, NewPrompt, Step, Undo
from midifrag.show.learning_places import key_at
from midifrag.show.learning_taken import Taken, actions_on, already, pads_on
from midifrag.show.learning_touches import Touches

#: What a port may be called.
_NAME = re.compile(r"\w[\w-]{0,39}")
#: What an encoder is asked for that was turned one way.
OTHER_WAY = "Turn it the other way as well (Enter: leave it)"
_LEFT = Step(("Left as it is.",))


@dataclass
class Learning:
    """One performer at one set. ``devices`` are the inputs of no port of it, by the name that their events have."""

    loaded: Loaded
    devices: Mapping[str, Device] = field(default_factory=dict)
    _touches: Touches = field(default_factory=Touches)
    _dialogue: Dialogue = field(default_factory=Dialogue)
    _declined: set[str] = field(default_factory=set)
    #: What was touched on a device that becomes a port first.
    _waiting: Touched | None = None

    @property
    def waits(self) -> bool:
        """Whether an answer is waited for; what is touched meanwhile means nothing."""
        return self._dialogue.waits

    @property
    def is_touched(self) -> bool:
        """Whether something was heard that `quiet` has not been told the end of."""
        return self._touches.has_begun

    @property
    def is_full(self) -> bool:
        """Whether what was heard is enough, although it goes on: a knob that trembles never ends."""
        return self._touches.is_full

    @property
    def question(self) -> str | None:
        """What is asked now."""
        if self.waits:
            return self._dialogue.step.asks
        return OTHER_WAY if self._touches.is_turning else None

    def heard(self, event: MidiEvent) -> None:
        """A message came."""
        if not self.waits:
            self._touches.heard(event)

    def quiet(self) -> Step:
        """Nothing has come for a moment: what was touched is asked about."""
        found = self._touches.over(self._coding_of)
        if found is None:
            return Step()
        if found == "unsure":
            return Step((f"An endless encoder. {OTHER_WAY}.",))
        device = self.devices.get(found.port)
        if device is not None and found.port not in self.loaded.settings.ports and found.port not in self._declined:
            return self._ask_for_port(found, device)
        return self._ask(found)

    def _coding_of(self, name: str) -> Relative:
        port = self.loaded.settings.ports.get(name)
        return "mackie" if port is not None and port.surface == "mackie" else "signed"

    def answered(self, text: str) -> Step:
        """An answer, or `u` where nothing is asked."""
        text = text.strip()
        was_turning = self._touches.give_up_turning()
        if text == "u":
            self._dialogue.drop()
            return Step(edit=Undo())
        if was_turning and text.lower() in (*NOTHING, "q"):
            self._touches.clear()
            return _LEFT
        step = self._dialogue.answer(text)
        if step is None:
            return Step(("Press a pad or turn a knob; u takes the last change back, Ctrl-C ends.",) if text else ())
        return step

    def _ask_for_port(self, found: Touched, device: Device) -> Step:
        def then(text: str) -> Step:
            if text.lower() in ("n", "no"):
                self._declined.add(found.port)
                return self._ask(found)
            name = device.name if text.lower() in ("", "y", "yes") else text
            if not _NAME.fullmatch(name):
                return self._dialogue.again(f"{short(text)!r} is no name; letters, digits and _ make one", then)
            self._waiting = replace(found, port=name)
            return Step(edit=NewPort(name, device.port))

        said = f"{device.words} is no port of the set yet."
        return self._dialogue.ask((said,), f"Add it as {device.name}? [yes, no, or another name]", ("yes", "no"), then)

    def goes_on(self) -> Step:
        """The port is there: what was touched on it is asked about."""
        found, self._waiting = self._waiting, None
        return Step() if found is None else self._ask(found)

    def _ask(self, found: Touched) -> Step:
        is_pad = found.kind == "note"
        says = (f"{found.port}: {found.words}", *already(self.loaded, found))
        actions = tuple(ACTIONS) if found.acts else ()
        parameters = () if found.kind in ("note", "program") else self._targets()
        names = tuple(dict.fromkeys((*actions, *parameters) if found.is_button else (*parameters, *actions)))
        kinds = [kind for kind, known in (("an action", actions), ("a parameter", parameters)) if known]
        what = " or ".join(kinds if found.is_button else kinds[::-1])
        prompt = ", or a prompt in quotes" if is_pad else ""

        def then(text: str) -> Step:
            return self._meaning(found, text, names, then)

        return self._dialogue.ask(says, f"What does it do ({what}{prompt}; ? lists them, Enter: nothing)", names, then)

    def _targets(self) -> tuple[str, ...]:
        """What a control may set, with the strengths of the LoRAs that there are."""
        loras = (name for bank in self.loaded.banks for name in names_in(self.loaded.settings, bank))
        return (*TARGETS, *dict.fromkeys(loras))

    def _meaning(self, found: Touched, text: str, names: Sequence[str], then: Then) -> Step:
        if text.lower() in NOTHING:
            return _LEFT
        if text == "?":
            return self._dialogue.again(", ".join(names), then)
        is_quoted = text[0] in "\"'“" or " " in text
        if found.kind == "note" and is_quoted:
            prompt = text.strip("\"'“”").strip()
            return self._pad_of_double(found, prompt) if found.is_double else self._pad(found, prompt)
        try:
            name = completed(text, names)
        except AnswerError as error:
            more = "; a pad's prompt stands in quotes" if found.kind == "note" else ""
            return self._dialogue.again(f"{error}{more}", then)
        entry = dict(found.keys)
        if found.port in self.loaded.settings.ports:
            entry["port"] = found.port
        is_action = name in ACTIONS and (found.is_button or name not in self._targets())
        return self._action(name, found, entry | found.press) if is_action else self._control(name, found, entry)

    def _control(self, name: str, found: Touched, entry: dict[str, Any]) -> Step:
        target = target_called(name)
        usual = usual_way(self.loaded, target)
        low, high = map(shown, usual)

        def then(way: list[float | int]) -> Step:
            keys = {**entry, "sets": name, "range": way}
            if name in ("pan", "mute"):
                return self._slot(found, keys, "controls")
            return self._where(found, keys, "controls")

        read = self._dialogue.reading(lambda text: range_of(text, target, usual), then)
        return self._dialogue.ask((), f"From and to? [{low} {high}]", (), read)

    def _action(self, name: str, found: Touched, entry: dict[str, Any]) -> Step:
        keys = {**entry, "does": name}
        needed = ACTIONS[name].needs
        if needed is None:
            return self._where(found, keys, "actions")
        if needed == "slot":
            return self._slot(found, keys, "actions")
        choices: Sequence[str] = ()
        if needed == "bank":
            choices = [bank.slug for bank in self.loaded.banks]
        elif needed == "to":
            choices = LAND_CHOICES
        return self._needed(found, keys, needed, choices)

    def _needed(self, found: Touched, keys: dict[str, Any], needed: str, choices: Sequence[str]) -> Step:
        read = self._dialogue.reading(
            lambda text: needed_of(self.loaded, needed, text),
            lambda value: self._where(found, {**keys, needed: value}, "actions"),
        )
        listed = f" ({', '.join(choices)})" if choices else " (its note)" if needed == "pad" else ""
        question = f"Which {needed}?{listed}" if needed != "to" else f"To what?{listed}"
        return self._dialogue.ask((), question, choices, lambda text: read(text) if text else _LEFT)

    def _slot(self, found: Touched, keys: dict[str, Any], section: Section) -> Step:
        count = self.loaded.settings.fragments.count
        read = self._dialogue.reading(
            lambda text: slot_of(text, count), lambda slot: self._where(found, {**keys, "slot": slot}, section)
        )
        return self._dialogue.ask((), f"Which slot? (1 to {count})", (), read)

    def _where(self, found: Touched, keys: dict[str, Any], section: Section) -> Step:
        """Actions are the set's; a control may be a bank's."""
        if section == "actions":
            is_pressed = found.kind == "note" and not found.is_double
            taken = pads_on(self.loaded, found) if is_pressed else ()
            return self._in_place_of(found, taken, NewEntry(None, section, keys, taken))
        if len(self.loaded.banks) < 2:
            return Step(edit=NewEntry(None, section, keys))
        slugs = ["all", *(bank.slug for bank in self.loaded.banks)]
        read = self._dialogue.reading(
            lambda text: completed(text or "all", slugs),
            lambda name: Step(edit=NewEntry(None if name == "all" else name, section, keys)),
        )
        return self._dialogue.ask((), f"In all banks, or in one ({', '.join(slugs[1:])})? [all]", slugs, read)

    def _in_place_of(self, found: Touched, taken: Sequence[Taken], new: NewEntry | NewPrompt) -> Step:
        """Write what is new; where something has its note, only after that may go."""
        if not taken:
            return Step(edit=new)
        words = ", ".join(one.words for one in taken)
        question = f"Note {found.number} is taken by {words}. Replace {_it(taken)}?"
        return self._yes(question, found, lambda: Step(edit=new))

    def _yes(self, question: str, found: Touched, go_on: Callable[[], Step]) -> Step:
        """Go on only where that is wanted, else ask again what it does."""
        return self._dialogue.yes(question, go_on, lambda: self._ask(found))

    def _pad_of_double(self, found: Touched, prompt: str) -> Step:
        question = "A pad is played by a single press, and this was a double one. Shall a single press play it?"
        return self._yes(question, found, lambda: self._pad(replace(found, is_double=False), prompt))

    def _pad(self, found: Touched, prompt: str) -> Step:
        slugs = [bank.slug for bank in self.loaded.banks]
        if not prompt or not slugs:
            return Step(("A prompt has words, and a set a bank for it. Left as it is.",))

        def then(slug: str) -> Step:
            bank = next(one for one in self.loaded.banks if one.slug == slug)
            key = key_at(self.loaded, slug, found)
            if key is None:
                said = f"Bank {bank.name} has no place there on this controller; say it with at: in its file."
                return Step((said,))
            taken = actions_on(self.loaded, found)
            new = NewPrompt(slug, key, prompt, taken)
            there = bank.pads.get(key)
            if there is None or there.prompt == prompt:
                return self._in_place_of(found, taken, new)
            question = f"It plays {there.prompt!r} in {slug}; replace it?"
            return self._yes(question, found, lambda: self._in_place_of(found, taken, new))

        read = self._dialogue.reading(lambda text: completed(text or slugs[0], slugs), then)
        return read("") if len(slugs) == 1 else self._dialogue.ask((), f"In which bank? [{slugs[0]}]", slugs, read)


def _it(taken: Sequence[Taken]) -> str:
    return "it" if len(taken) == 1 else "them"
