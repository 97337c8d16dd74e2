"""What a message means in this show, with this bank. Pure: nothing is taken in.

In this order, and the first that fits wins: actions (those of a shift that is held before others), controls (the bank's
before the show's), what `panic_on` names, what a pad says presses it `also`, program changes, pads and the buttons
beside them. Where banks lie by place (`midifrag.config.desk`), a press means the pad that lies there, and says that
pad's note; one of a bank beside the active one selects its bank first. Velocities move controls besides. CC 120 and CC
123 end held notes by themselves, and cancel nothing: keyboards send them at each last key up, DAWs whenever they stop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from midifrag.config.actions import ACTIONS
from midifrag.config.banks import Bank
from midifrag.config.desk import Desk, plan_of
from midifrag.config.layout import Shown
from midifrag.config.press_request import press_rules
from midifrag.config.settings import Settings
from midifrag.intents import (
    LetGo,
    Panic,
    Press,
    Release,
    SelectBank,
)
from midifrag.midi.actions import Actions
from midifrag.midi.decoding import FINE_OFFSET, Pair, Parameter
from midifrag.midi.describing import PlayedIntent
from midifrag.midi.hands import hand_of, release_of
from midifrag.midi.held import Held
from midifrag.midi.messages import (
    Aftertouch,
    ControlChange,
    MidiEvent,
    NoteOff,
    NoteOn,
    Nrpn,
    PitchBend,
    ProgramChange,
    Tick,
    TransportChange,
)
from midifrag.midi.moves import Moving, moves, nrpns_of, pairs_of
from midifrag.midi.placing import Placing
from midifrag.midi.reading import Reading
from midifrag.midi.switches import SWITCH_ON, Switches
from midifrag.pad_key import PadKey

#: What a channel mode message does by itself, where nothing is mapped to it, and its name in `panic_on`.
ENDS_NOTES = {120: "all sound off", 123: "all notes off"}
#: CCs from here on are channel mode messages; they act at any value.
FIRST_CHANNEL_MODE = 120


class Meaning:
    """The meaning of messages while ``bank`` is active in ``show``.

    ``pairs`` and ``nrpns`` are for the decoders: the 14-bit CCs, and the non-registered parameters that are mapped.
    ``switches`` has the CC numbers of which each message counts (buttons, encoders), ``encoders`` such parameters, and
    ``pads`` the CCs of pads, for the inbox. How ``switches`` stand and what is ``held`` outlives a bank. ``banks`` are
    all of the set list (the active one is among them), and ``shown`` what ports show of them.
    """

    def __init__(
        self,
        settings: Settings,
        bank: Bank,
        switches: Switches | None = None,
        held: Held | None = None,
        banks: Sequence[Bank] = (),
        shown: Mapping[str, Shown] | None = None,
    ) -> None:
        self.settings = settings
        self.bank = bank
        plans = [plan_of(one) for one in banks or (bank,)]
        active = next(number for number, plan in enumerate(plans) if plan.slug == bank.slug)
        self.desk = Desk(settings, plans, active, shown)
        self.pads = self.desk.ccs
        self._names_selects = any(one.bank_select is not None for one in (*banks, bank))
        self._placing = Placing(self.desk, {one.slug: one for one in (*banks, bank)})
        self._switches = Switches() if switches is None else switches
        self._held = Held() if held is None else held
        self._actions = Actions(settings, self._held)
        self._panics = frozenset(int(name.removeprefix("cc")) for name in settings.panic_on)
        controls = (*settings.all_controls, *bank.all_controls)
        self.pairs: frozenset[Pair] = frozenset(pairs_of(settings, bank))
        self.nrpns: frozenset[Parameter] = frozenset(nrpns_of(controls))
        self.encoders: frozenset[int] = frozenset(
            one.nrpn for one in controls if one.relative is not None and one.nrpn is not None
        )
        self._also = frozenset(one.cc for pad in bank.pads.values() for one in pad.also if one.cc is not None)
        self._shifts = frozenset(a.while_held_cc for a in settings.actions if a.while_held_cc is not None)
        self.switches: frozenset[int] = (
            frozenset(action.cc for action in settings.actions if action.cc is not None)
            | frozenset(one.cc for one in controls if one.relative is not None and one.cc is not None)
            | self._also
            | self._shifts
        )

    def read(self, event: MidiEvent) -> Reading:
        """What ``event`` means now; nothing is taken in."""
        match event:
            case NoteOn():
                return self._note_on(event)
            case NoteOff():
                return self._note_off(event)
            case ControlChange():
                return self._control_change(event)
            case Nrpn() | PitchBend() | Aftertouch():
                return Reading(event, self.bank, played=self._moves(event))
            case ProgramChange():
                return self._program_change(event)
            case Tick() | TransportChange():
                return Reading(event, self.bank)
            case _:
                assert_never(event)

    def _note_on(self, event: NoteOn) -> Reading:
        key, press = self._press(event)
        found = self._actions.of(event, key)
        button = None if found or self._actions.is_shift(event) else self._placing.button(event)
        if button is not None:
            return Reading(event, self.bank, button=button)
        plain = tuple(action for action in found if action.press is None)
        double = tuple(action for action in found if action.press == "double")
        long = tuple(action for action in found if action.press == "long")
        other = self._placing.at(event) if key is None and press else None
        of, pad = (None, key) if other is None else other
        bank = of or self.bank
        if pad is not None and press_rules(self.settings, bank, bank.pads[pad]).is_held:
            # How long it is held has a meaning of its own.
            double = long = ()
        played = (*self._moves(event), *press)
        return Reading(event, self.bank, plain, True, double, long, key, played, of=of)

    def _press(self, event: NoteOn) -> tuple[PadKey | None, tuple[PlayedIntent, ...]]:
        """The pad that a note presses, and its press; a shift presses none."""
        port, channel, note = event.port, event.channel, event.note
        if self._actions.is_shift(event):
            return None, ()
        if self._placing.rules(port):
            placed = self._placing.pressed(event)
            if placed is not None:
                return placed.key if placed.bank is self.bank else None, placed.intents(self.bank)
        elif (found := self.bank.find(note, channel, port)) is not None:
            return found[0], (Press(note, channel, port, event.velocity / 127, event.time),)
        also = self.bank.pressed_too("note", note, channel, port)
        if also is None:
            return None, ()
        return also[0], (self._pressed_by(also[0], event, event.velocity),)

    def _pressed_by(self, key: PadKey, event: NoteOn | ControlChange | ProgramChange, velocity: int) -> Press:
        # Where it is bound to no port, it is lit on all of them: what presses it too may have no light.
        port = self.bank.pads[key].port or ""
        return Press(key.note, key.channel or event.channel, port, velocity / 127, event.time, by=hand_of(event))

    def _note_off(self, event: NoteOff) -> Reading:
        down = self._held.down(hand_of(event))
        bank = self.bank if down is None else down.bank
        moved = self._moves(event)
        if down is None:
            # It went down before anybody listened.
            actions = tuple(action for action in self._actions.of(event, None) if action.note == event.note)
            key, pressed = self._press(NoteOn(event.port, event.channel, event.note, 1, event.time))
            if actions or key is None:
                return Reading(event, bank, actions, False, played=moved)
            press = next((one for one in pressed if isinstance(one, Press)), None)
        elif down.meant != "press":
            return Reading(event, bank, self._actions.of(event, None), False, played=moved)
        else:
            press = down.press
        if press is None:
            release = Release(event.note, event.channel, event.port, event.time, event.velocity / 127)
        else:
            release = release_of(press, event.time, event.velocity / 127)
        return Reading(event, bank, played=(*moved, release))

    def _control_change(self, event: ControlChange) -> Reading:
        ends = self._ends(event)
        goes_off = self._switches.goes_off(event)
        down = self._held.down(hand_of(event))
        if down is not None and down.press is not None and goes_off:
            # What it pressed is let go, whatever the CC means by now.
            return Reading(event, down.bank, played=(release_of(down.press, event.time),), goes_off=True)
        actions = self._actions.of(event, None)
        if actions:
            return Reading(event, self.bank, actions, self.acts(event), goes_off=goes_off)
        moved = self._moves(event)
        if moved:
            return Reading(event, self.bank, played=(*ends, *moved))
        if event.cc in self._panics:
            return Reading(event, self.bank, played=(*ends, Panic()), by_itself=ACTIONS["panic"].words)
        also = self.bank.pressed_too("cc", event.cc, event.channel, event.port)
        if also is not None:
            return self._switched(event, also[0])
        if self._placing.is_switch(event):
            return self._pushed(event)
        return Reading(event, self.bank, played=ends, by_itself=self._by_itself(event))

    def _switched(self, event: ControlChange, key: PadKey) -> Reading:
        """A CC that presses a pad when it rises."""
        if not self.acts(event):
            return Reading(event, self.bank, by_itself=f"nothing: it presses when it rises to {SWITCH_ON}")
        return Reading(event, self.bank, pressed=key, played=(self._pressed_by(key, event, event.value),))

    def _pushed(self, event: ControlChange) -> Reading:
        """A CC of a pad that lies at a place, or of a button beside it."""
        if not self.acts(event):
            return Reading(event, self.bank, by_itself=f"nothing: it presses when it rises to {SWITCH_ON}")
        placed = self._placing.pressed(event)
        if placed is None:
            return Reading(event, self.bank, button=self._placing.button(event))
        key = placed.key if placed.bank is self.bank else None
        return Reading(event, self.bank, pressed=key, played=placed.intents(self.bank), of=placed.bank)

    def _program_change(self, event: ProgramChange) -> Reading:
        actions = self._actions.of(event, None)
        if actions:
            return Reading(event, self.bank, actions)
        also = self.bank.pressed_too("program", event.program, event.channel, event.port)
        if also is not None:
            press = self._pressed_by(also[0], event, 127)
            # Nothing ever lets a program go.
            return Reading(event, self.bank, pressed=also[0], played=(press, release_of(press, event.time)))
        if self._selects(event):
            return Reading(event, self.bank, played=(self._bank_of(event),))
        return Reading(event, self.bank, by_itself="nothing: program_changes leaves it out")

    def _ends(self, event: MidiEvent) -> tuple[LetGo, ...]:
        """What a message that ends notes does to pads that are held, whatever else it means."""
        if not isinstance(event, ControlChange) or event.cc not in ENDS_NOTES:
            return ()
        held = self._held.presses(event.port, event.channel)
        return (LetGo(event.port, event.channel, event.time),) if held else ()

    # --- what fits ---------------------------------------------------------------------------------------------------

    def _moves(self, event: Moving) -> tuple[PlayedIntent, ...]:
        pad = self._pad_under(event)
        is_own = isinstance(event, ControlChange) and self.desk.is_own(event.port, "cc", event.cc, event.channel)
        for controls in (self.bank.all_controls, self.settings.all_controls):
            heard = tuple(one for one in controls if one.channel is not None) if is_own else controls
            moved = moves(heard, event, pad)
            if moved:
                return moved
        return ()

    def _bank_of(self, event: ProgramChange) -> SelectBank:
        """The bank that a program selects; what was latched before it says more only where a bank names one."""
        return SelectBank(program=event.program, bank=event.bank if self._names_selects else None)

    def _pad_under(self, event: Moving) -> PadKey | None:
        """The pad of the active bank whose note a message carries."""
        note = getattr(event, "note", None)
        if note is None:
            return None
        if isinstance(event, NoteOn | NoteOff | Aftertouch) and self._placing.rules(event.port):
            at = self._placing.at(event)
            return at[1] if at is not None and at[0] is self.bank else None
        found = self.bank.find(note, event.channel, event.port)
        return found[0] if found else None

    def _selects(self, event: ProgramChange) -> bool:
        wanted = self.settings.program_changes
        return wanted.enabled and wanted.channel in (None, event.channel) and wanted.port in (None, event.port)

    def _by_itself(self, event: ControlChange) -> str:
        """What a CC does that nothing is mapped to."""
        coarse = event.cc - FINE_OFFSET
        if any(
            (port, channel, coarse) in self.pairs for port in (None, event.port) for channel in (None, event.channel)
        ):
            return f"nothing yet: the fine half of cc {coarse}, whose coarse half has not come"
        if event.cc in self._shifts:
            return "a shift: what is pressed while it is held does something else"
        name = ENDS_NOTES.get(event.cc)
        return "" if name is None else f"{name}: ends held notes, cancels nothing"

    def acts(self, event: MidiEvent) -> bool:
        """Whether an action on ``event`` would act now: not on a release, nor on a switch that is on already."""
        if isinstance(event, ControlChange) and event.cc < FIRST_CHANNEL_MODE:
            return self._switches.goes_on(event)
        return not isinstance(event, NoteOff)
