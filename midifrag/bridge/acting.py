"""What a performer wants is done: each intent goes to the part of the bridge whose business it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

from midifrag.bridge.gestures import Gestures
from midifrag.bridge.holding import Holding
from midifrag.bridge.pads import PadsAtRest
from midifrag.bridge.press_requests import PressRequests
from midifrag.bridge.presses import Presses
from midifrag.bridge.renders import Renders
from midifrag.bridge.set_list import SetList
from midifrag.bridge.sounding import Sounds
from midifrag.bridge.switching import Switching
from midifrag.bridge.view import View
from midifrag.clock import Clock
from midifrag.events import Notice, StateChange
from midifrag.fragment.writer_commands import WriterCommand
from midifrag.intents import (
    Again,
    AnnotateTake,
    CancelJob,
    CancelPad,
    ClearQueue,
    DoWithPad,
    Hand,
    Intent,
    LetGo,
    LockSlot,
    MoveControl,
    MuteSlot,
    PadDeed,
    Panic,
    Press,
    PressPad,
    Prompt,
    Release,
    ResetValues,
    RestoreSlot,
    SelectBank,
    SendTake,
    SetLand,
    SetParameter,
    ShowBanks,
    SlotPlaying,
    StarTake,
    StopSlot,
    Tap,
    Touch,
    TrashTake,
    TurnControl,
    TurnPage,
)
from midifrag.pad_key import PadKey
from midifrag.states import JobState, NoticeLevel

#: What is asked of the slot that a pad filled last.
_DEEDS: Mapping[PadDeed, Callable[[int], Intent]] = {
    "lock": lambda slot: LockSlot(slot, True),
    "unlock": lambda slot: LockSlot(slot, False),
    "toggle_lock": lambda slot: LockSlot(slot, None),
    "stop": StopSlot,
    "mute": lambda slot: MuteSlot(slot, True),
    "unmute": lambda slot: MuteSlot(slot, False),
    "toggle_mute": lambda slot: MuteSlot(slot, None),
    "restore": RestoreSlot,
}


class Acting:
    """Does what intents say, with the parts of the bridge; ``write`` reaches the writer."""

    def __init__(
        self,
        set_list: SetList,
        requests: PressRequests,
        switching: Switching,
        presses: Presses,
        holding: Holding,
        renders: Renders,
        pads: PadsAtRest,
        sounds: Sounds,
        view: View,
        write: Callable[[WriterCommand], None],
        publish: Callable[[StateChange], None],
        clock: Clock,
    ) -> None:
        self._set_list = set_list
        self._requests = requests
        self._switching = switching
        self._presses = presses
        self._holding = holding
        self.gestures = Gestures(self._act_for, lambda: set_list.settings.gestures)
        self._renders = renders
        self._pads = pads
        self._sounds = sounds
        self._view = view
        self._write = write
        self._publish = publish
        self._clock = clock

    def act(self, intent: Intent) -> None:
        """Do what an intent says."""
        match intent:
            case Press():
                self._presses.press(intent)
            case PressPad():
                self._presses.press_pad(intent)
            case Touch():
                self.gestures.touch(intent)
            case Release():
                if not self.gestures.release(intent):
                    self._presses.release(intent)
            case LetGo():
                self._let_go(intent)
            case Prompt():
                self._presses.prompt(intent)
            case MoveControl(control, position, pad):
                self._switching.move(control, position, pad or self.in_hand())
            case TurnControl(control, clicks):
                self._switching.turn(control, clicks, self.in_hand())
            case ResetValues(name):
                self._switching.reset(name)
            case DoWithPad():
                self._do_with_pad(intent)
            case SetParameter(name, value):
                self._switching.set_value(name, value)
            case Tap(time):
                for change in self._set_list.time.tap(time):
                    self._publish(change)
            case SelectBank():
                self._switching.select(intent)
            case TurnPage() | ShowBanks():
                for change in self._set_list.show(intent):
                    self._publish(change)
            case LockSlot() | RestoreSlot() | StarTake() | AnnotateTake() | TrashTake():
                self._write(intent)
            case SendTake(take, slot):
                options = self._set_list.settings.fragments.options()
                landing = self._set_list.landing()
                self._renders.landings.land_archived(take, slot, self._set_list.bank.slug, options, landing)
            case SlotPlaying():
                self.slot_plays(intent)
            case Again(pad):
                shown = self._view.pads.get((self._set_list.named(intent.bank).slug, pad))
                self._presses.again(intent, shown, self._clock.now())
            case SetLand(land):
                self._switching.set_land(land)
            case StopSlot(slot):
                self._sounds.stop(slot)
            case MuteSlot(slot, muted):
                self._switching.mute(slot, muted)
            case CancelPad(pad):
                slug = self._set_list.named(intent.bank).slug
                self._renders.cancel(self._renders.jobs.pending(slug, pad))
                self._renders.boundaries.cancel(self._renders.jobs.awaiting(slug, pad))
            case CancelJob(number):
                self._renders.cancel(job for job in self._renders.jobs.pending() if job.number == number)
                self._renders.boundaries.cancel(job for job in self._renders.jobs.awaiting() if job.number == number)
            case ClearQueue():
                self._renders.cancel(job for job in self._renders.jobs.pending() if job.state is JobState.QUEUED)
            case Panic():
                self._panic()
            case _:
                assert_never(intent)

    def slot_plays(self, playing: SlotPlaying) -> None:
        """A slot sounds, here or elsewhere, or does not any more."""
        self._write(playing)
        self._renders.landings.last.play(playing.slot, playing.on)
        self._pads.settle()

    def _act_for(self, hand: Hand, intent: Intent) -> None:
        """Do what a hand wants, for who plays there."""
        self._set_list.turn_to(hand.port)
        self.act(intent)

    def in_hand(self) -> PadKey | None:
        """The pad of the active bank that who plays now holds, else the one that they pressed last."""
        held = self._holding.in_hand(self._set_list.bank.slug, self._set_list.is_of_who)
        return held or self._requests.last_pressed()

    def _let_go(self, what: LetGo) -> None:
        self._set_list.down.let_go(what.port, what.channel)
        self.gestures.let_go(what)
        self._presses.let_go(what)

    def lost(self, port: str) -> None:
        """A port is gone: what was held on it will never be let go there."""
        self._let_go(LetGo(port, None, self._clock.now()))
        self._set_list.switches.forget(port)

    def finish(self) -> None:
        """The show ends: what was pressed is told, and what is held let go, so that each press has an outcome."""
        self.gestures.finish()
        self._presses.let_go_all(self._clock.now())

    def _do_with_pad(self, asked: DoWithPad) -> None:
        bank = self._set_list.named(asked.bank)
        pad, place = bank.pads.get(asked.pad), (bank.slug, asked.pad)
        landed = self._renders.landings.last.of(place)
        if pad is None or landed is None:
            label = str(asked.pad) if pad is None else pad.label
            self._publish(Notice(NoticeLevel.WARNING, f"{label} has landed nothing yet; nothing was done"))
            return
        if asked.deed == "star":
            if landed.take is None:
                self._publish(Notice(NoticeLevel.WARNING, f"{pad.label}: its take is not in the archive yet; no star"))
            else:
                self._write(StarTake(landed.take, True))
                self._publish(Notice(NoticeLevel.INFO, f"take {landed.take} ({pad.label}) has a star"))
            return
        if not self._renders.landings.last.lies(place, landed.slot):
            gone = f"{pad.label}: another pad's fragment lies in slot {landed.slot} by now; nothing was done"
            self._publish(Notice(NoticeLevel.WARNING, gone))
            return
        self.act(_DEEDS[asked.deed](landed.slot))

    def _panic(self) -> None:
        self.gestures.clear()
        self._presses.drop(self._clock.now())
        written = {job.number for job in self._renders.jobs if job.writing}
        written -= {job.number for job in self._renders.jobs.awaiting()}
        self._sounds.panic(written)
        self._renders.panic()
        self._pads.settle()
        still = " but what was rendered already" if written else ""
        self._publish(Notice(NoticeLevel.INFO, f"panic: everything is cancelled{still}"))
