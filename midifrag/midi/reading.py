"""What an event was found to mean, before anything is done about it: for the bridge, the log and `monitor` alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from midifrag.config.actions import Action
from midifrag.config.banks import Bank
from midifrag.config.buttons import ButtonUse
from midifrag.intents import LetGo, MoveControl, Panic, Press, TurnControl
from midifrag.midi.describing import PlayedIntent, describe_event, describe_intent
from midifrag.midi.messages import MidiEvent
from midifrag.midi.switches import SWITCH_ON
from midifrag.pad_key import PadKey

#: What a message is for.
Bearing: TypeAlias = Literal["act", "position", "nothing"]


@dataclass(frozen=True, slots=True)
class Reading:
    """The meaning of ``event`` while ``bank`` is active.

    ``actions`` are those that it is for; one of them ``acts`` now unless it is a release, or a switch that is on
    already. ``double`` and ``long`` wait for what kind of press it becomes. ``pressed`` is the pad that it is about,
    ``played`` what it means by itself, where no action takes it.
    """

    event: MidiEvent
    bank: Bank
    actions: tuple[Action, ...] = ()
    acts: bool = True
    double: tuple[Action, ...] = ()
    long: tuple[Action, ...] = ()
    pressed: PadKey | None = None
    played: tuple[PlayedIntent | LetGo | Panic, ...] = ()
    #: The bank of what it presses, where that is another one.
    of: Bank | None = None
    #: The button beside a controller's grid that it pushes.
    button: ButtonUse | None = None
    #: Whether a switch that it moves goes off by it.
    goes_off: bool = False
    #: Why it does nothing, or what it does by itself, where nothing else is to say.
    by_itself: str = field(default="", compare=False)

    @property
    def is_gesture(self) -> bool:
        """Whether what it means is told by how long it lasts, and what comes after it."""
        return bool(self.double or self.long)

    @property
    def bearing(self) -> Bearing:
        """What it is for: an act, one of the positions that a control passes through, or nothing.

        Each click of an encoder is an act: what is left out would be missing for ever.
        """
        if self.is_gesture or self.button is not None:
            return "act"
        if self.actions:
            return "act" if self.goes_off or self.acts else "nothing"
        if any(isinstance(intent, TurnControl) for intent in self.played):
            return "act"
        if self.played and all(isinstance(intent, MoveControl) for intent in self.played):
            return "position"
        return "act" if self.played or self.goes_off else "nothing"

    def explain(self) -> str:
        """One line: what arrived, and what it does or why it does nothing."""
        effects = "; ".join(self._effects()) or f"nothing mapped in bank {self.bank.name}"
        return f"{describe_event(self.event)} → {effects}"

    def _effects(self) -> list[str]:
        if self.actions and not self.acts:
            return [f"nothing: it acts when pressed, a CC when it rises to {SWITCH_ON}"]
        if self.button is not None:
            return [self.button.words]
        effects = [action.words for action in self.actions if action.intents(self.bank, self.pressed)]
        if not self.actions:
            bank = self.of or self.bank
            effects = [describe_intent(intent, bank) for intent in self.played if not isinstance(intent, Panic)]
        for kind, actions in (("double", self.double), ("long", self.long)):
            effects += [f"{kind} press: {action.words}" for action in actions]
        return effects or ([self.by_itself] if self.by_itself else [])


def presses(reading: Reading) -> bool:
    """Whether an event went down on a pad."""
    return any(isinstance(intent, Press) for intent in reading.played)
