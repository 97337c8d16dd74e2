"""Learning what pads and knobs do: messages and answers in, lines, questions and edits out.

Nothing here touches a port or a file: whoever drives it does what a `Step` asks for, and says what became of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from midifrag.config.actions import ACTIONS, Action
from midifrag.config.controls import Control
from midifrag.config.entry_editing import Section
from midifrag.config.loading import Loaded
from midifrag.config.names import none_of
from midifrag.config.parameters import shown
from midifrag.config.targets import TARGETS
from midifrag.midi.messages import MidiEvent
from midifrag.midi.recognising import Touched, recognise
from midifrag.show.learning_edits import Device, NewEntry, NewPort, NewPrompt, Step, Undo
from midifrag.show.learning_places import key_at

#: Seconds without a message after which a touch is over.
QUIET_SECONDS = 0.7
#: The most messages of one touch that are kept; later ones say nothing new.
MOST_EVENTS = 400
#: What a port may be called.
_NAME = re.compile(r"\w[\w-]{0,39}")
#: Answers that leave what was touched as it is.
_NOTHING = ("", "n", "no")


_Then: TypeAlias = Callable[[str], "Step"]


@dataclass
class Learning:
    """One performer at one set. ``devices`` are the inputs of no port of it, by the name that their events have."""

    loaded: Loaded
    devices: Mapping[str, Device] = field(default_factory=dict)
    _events: list[MidiEvent] = field(default_factory=list)
    _then: _Then | None = None
    _step: Step = field(default_factory=Step)
    _declined: set[str] = field(default_factory=set)
    #: What was touched on a device that becomes a port first.
    _waiting: Touched | None = None

    @property
    def waits(self) -> bool:
        """Whether an answer is waited for; what is touched meanwhile means nothing."""
        return self._then is not None

    @property
    def is_touched(self) -> bool:
        """Whether something was heard that `quiet` has not been told the end of."""
        return bool(self._events)

    @property
    def is_full(self) -> bool:
        """Whether what was heard is enough, although it goes on: a knob that trembles never ends."""
        return len(self._events) >= MOST_EVENTS

    @property
    def question(self) -> str | None:
        """What is asked now."""
        return self._step.asks if self.waits else None

    def heard(self, event: MidiEvent) -> None:
        """A message came."""
        if not self.waits and not self.is_full:
            self._events.append(event)

    def quiet(self) -> Step:
        """Nothing has come for a moment: what was touched is asked about."""
        settings = self.loaded.settings
        touched_port = self._events[0].port if self._events else ""
        port = settings.ports.get(touched_port)
        is_mackie = port is not None and port.surface == "mackie"
        found = recognise(self._events, "mackie" if is_mackie else "signed")
        if found == "unsure":
            return Step(("An endless encoder. Turn it the other way as well.",))
        self._events.clear()
        if found is None:
            return Step()
        device = self.devices.get(found.port)
        if device is not None and found.port not in settings.ports and found.port not in self._declined:
            return self._ask_for_port(found, device)
        return self._ask(found)

    def answered(self, text: str) -> Step:
        """An answer, or `u` where nothing is asked."""
        text = text.strip()
        if text == "u":
            self._then = None
            return Step(edit=Undo())
        then, self._then = self._then, None
        if then is None:
            return Step(("Press a pad or turn a knob; u takes the last change back, Ctrl-C ends.",) if text else ())
        return then(text)

    def _asking(self, says: Sequence[str], question: str, choices: Sequence[str], then: _Then) -> Step:
        self._then, self._step = then, Step(says, question, choices)
        return self._step

    def _again(self, reason: str, then: _Then) -> Step:
        return self._asking((reason,), self._step.asks or "", self._step.choices, then)

    def _ask_for_port(self, found: Touched, device: Device) -> Step:
        def then(text: str) -> Step:
            if text.lower() in ("n", "no"):
                self._declined.add(found.port)
                return self._ask(found)
            name = device.name if text.lower() in ("", "y", "yes") else text
            if not _NAME.fullmatch(name):
                return self._again(f"{text!r} is no name; letters, digits and _ make one", then)
            self._waiting = replace(found, port=name)
            return Step(edit=NewPort(name, device.port))

        said = f"{device.words} is no port of the set yet."
        return self._asking((said,), f"Add it as {device.name}? [yes, no, or another name]", ("yes", "no"), then)

    def goes_on(self) -> Step:
        """The port is there: what was touched on it is asked about."""
        found, self._waiting = self._waiting, None
        return Step() if found is None else self._ask(found)

    def _ask(self, found: Touched) -> Step:
        is_pad = found.kind == "note"
        says = (f"{found.port}: {found.words}", *self._already(found))
        actions = tuple(ACTIONS) if found.acts else ()
        parameters = () if found.kind in ("note", "program") else tuple(TARGETS)
        names = tuple(dict.fromkeys((*actions, *parameters) if found.is_button else (*parameters, *actions)))
        kinds = [kind for kind, known in (("an action", actions), ("a parameter", parameters)) if known]
        what = " or ".join(kinds if found.is_button else kinds[::-1])
        prompt = ", or a prompt in quotes" if is_pad else ""

        def then(text: str) -> Step:
            return self._meaning(found, text, names, then)

        return self._asking(says, f"What does it do ({what}{prompt}; ? lists them, Enter: nothing)", names, then)

    def _already(self, found: Touched) -> list[str]:
        settings = self.loaded.settings
        lines = []
        places: list[tuple[str, Sequence[Control], Sequence[Action]]] = []
        places.append((self.loaded.path.name, settings.controls, settings.actions))
        places += [(f"presets/{bank.slug}.yaml", bank.controls, ()) for bank in self.loaded.banks]
        for name, controls, actions in places:
            both: tuple[Control | Action, ...] = (*controls, *actions)
            for one in both:
                mine = one.channel in (None, found.channel) and one.port in (None, found.port)
                if mine and found.kind != "pitch_bend" and getattr(one, found.kind, None) == found.number:
                    does = getattr(one, "does", None) or f"sets {getattr(one, 'sets', '')}"
                    lines.append(f"It {does} already ({name}); what you add comes beside that.")
        return lines

    def _meaning(self, found: Touched, text: str, names: Sequence[str], then: _Then) -> Step:
        if text.lower() in _NOTHING:
            return Step(("Left as it is.",))
        if text == "?":
            return self._again(", ".join(names), then)
        is_quoted = text[0] in "\"'“" or " " in text
        if found.kind == "note" and is_quoted:
            return self._pad(found, text.strip("\"'“”").strip())
        name = _completed(text, names)
        if name is None:
            more = "; a pad's prompt stands in quotes" if found.kind == "note" else ""
            return self._again(none_of(text, names) + more, then)
        entry = dict(found.keys)
        if found.port in self.loaded.settings.ports:
            entry["port"] = found.port
        is_action = name in ACTIONS and (found.is_button or name not in TARGETS)
        return self._action(name, entry | found.press) if is_action else self._control(name, entry)

    def _control(self, name: str, entry: dict[str, Any]) -> Step:
        target = TARGETS[name]
        low, high = map(shown, target.parameter.slider)

        def then(text: str) -> Step:
            try:
                way = [_number(one) for one in text.replace(",", " ").strip("[] ").split()] or [
                    _number(low),
                    _number(high),
                ]
                start, end = way
            except ValueError:
                return self._again(f"{text!r} is no range: two numbers, such as {low} {high}", then)
            keys = {**entry, "sets": name, "range": [start, end]}
            return self._slot(keys, "controls") if name in ("pan", "mute") else self._where(keys, "controls")

        return self._asking((), f"From and to? [{low} {high}]", (), then)

    def _action(self, name: str, entry: dict[str, Any]) -> Step:
        keys = {**entry, "does": name}
        needed = ACTIONS[name].needs
        if needed is None:
            return self._where(keys, "actions")
        if needed == "slot":
            return self._slot(keys, "actions")
        choices: Sequence[str] = ()
        if needed == "bank":
            choices = [bank.slug for bank in self.loaded.banks]
        elif needed == "to":
            choices = ("now", "beat", "bar", "presets")
        return self._needed(keys, needed, choices)

    def _needed(self, keys: dict[str, Any], needed: str, choices: Sequence[str]) -> Step:
        def then(text: str) -> Step:
            if not text:
                return Step(("Left as it is.",))
            value = int(text) if text.isdecimal() else _completed(text, choices) or text
            return self._where({**keys, needed: value}, "actions")

        listed = f" ({', '.join(choices)})" if choices else " (its note)" if needed == "pad" else ""
        return self._asking((), f"Which {needed}?{listed}" if needed != "to" else f"To what?{listed}", choices, then)

    def _slot(self, keys: dict[str, Any], section: Section) -> Step:
        def then(text: str) -> Step:
            if not text.isdecimal():
                return self._again(f"{text!r} is no slot's number", then)
            return self._where({**keys, "slot": int(text)}, section)

        return self._asking((), f"Which slot? (1 to {self.loaded.settings.fragments.count})", (), then)

    def _where(self, keys: dict[str, Any], section: Section) -> Step:
        """Actions are the set's; a control may be a bank's."""
        if section == "actions" or len(self.loaded.banks) < 2:
            return Step(edit=NewEntry(None, section, keys))
        slugs = ["all", *(bank.slug for bank in self.loaded.banks)]

        def then(text: str) -> Step:
            name = _completed(text or "all", slugs)
            if name is None:
                return self._again(none_of(text, slugs), then)
            return Step(edit=NewEntry(None if name == "all" else name, section, keys))

        return self._asking((), f"In all banks, or in one ({', '.join(slugs[1:])})? [all]", slugs, then)

    def _pad(self, found: Touched, prompt: str) -> Step:
        slugs = [bank.slug for bank in self.loaded.banks]
        if not prompt or not slugs:
            return Step(("A prompt has words, and a set a bank for it. Left as it is.",))

        def then(text: str) -> Step:
            slug = _completed(text or slugs[0], slugs)
            if slug is None:
                return self._again(none_of(text, slugs), then)
            key = key_at(self.loaded, slug, found)
            if key is None:
                name = next(one.name for one in self.loaded.banks if one.slug == slug)
                return Step((f"Bank {name} has no place there on this controller; say it with at: in its file.",))
            return Step(edit=NewPrompt(slug, key, prompt))

        return then("") if len(slugs) == 1 else self._asking((), f"In which bank? [{slugs[0]}]", slugs, then)


def _completed(text: str, names: Sequence[str]) -> str | None:
    """The name that a text is, or is the beginning of, where there is one such."""
    if text in names:
        return text
    found = [name for name in names if name.startswith(text)]
    return found[0] if len(found) == 1 else None


def _number(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() else value
