"""What a performer wants is done: each intent goes to the part of the bridge whose business it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from midifrag.bridge.pads import PadsAtRest
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
    Intent,
    LockSlot,
    MoveControl,
    MuteSlot,
    Panic,
    Press,
    PressPad,
    Prompt,
    Release,
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
    TurnPage,
)
from midifrag.states import JobState, NoticeLevel


class Acting:
    """Does what intents say, with the parts of the bridge; ``write`` reaches the writer."""

    def __init__(
        self,
        set_list: SetList,
        switching: Switching,
        presses: Presses,
        renders: Renders,
        pads: PadsAtRest,
        sounds: Sounds,
        view: View,
        write: Callable[[WriterCommand], None],
        publish: Callable[[StateChange], None],
        clock: Clock,
    ) -> None:
        self._set_list = set_list
        self._switching = switching
        self._presses = presses
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
            case Release():
                pass  # a press ends by itself; what is held down has no meaning yet
            case Prompt():
                self._presses.prompt(intent)
            case MoveControl(control, position):
                self._switching.move(control, position)
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
            case LockSlot() | RestoreSlot() | StarTake() | AnnotateTake():
                self._write(intent)
            case SendTake(take, slot):
                options = self._set_list.settings.fragments.options()
                landing = self._set_list.landing()
                self._renders.landings.land_archived(take, slot, self._set_list.bank.slug, options, landing)
            case SlotPlaying():
                self.slot_plays(intent)
            case Again(pad):
                self._presses.again(intent, self._view.pads.get((self._set_list.bank.slug, pad)), self._clock.now())
            case SetLand(land):
                self._switching.set_land(land)
            case StopSlot(slot):
                self._sounds.stop(slot)
            case MuteSlot(slot, muted):
                self._switching.mute(slot, muted)
            case CancelPad(pad):
                self._renders.cancel(self._renders.jobs.pending(self._set_list.bank.slug, pad))
                self._renders.boundaries.cancel(self._renders.jobs.awaiting(self._set_list.bank.slug, pad))
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

    def _panic(self) -> None:
        written = {job.number for job in self._renders.jobs if job.writing}
        written -= {job.number for job in self._renders.jobs.awaiting()}
        self._sounds.panic(written)
        self._renders.panic()
        self._pads.settle()
        still = " but what was rendered already" if written else ""
        self._publish(Notice(NoticeLevel.INFO, f"panic: everything is cancelled{still}"))
