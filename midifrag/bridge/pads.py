"""What pads show once a press of theirs is over: what they are busy with, or whether the next one lands at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from midifrag.bridge.renders import Renders
from midifrag.bridge.spares import Wish
from midifrag.bridge.view import View
from midifrag.clock import Clock
from midifrag.config.banks import Bank
from midifrag.events import PadChanged, StateChange
from midifrag.pad_key import PadKey
from midifrag.states import PadState

#: How long a pad shows how its press ended before it shows what it is at now, in seconds.
ENDED_SHOWS_FOR = 1.5
#: What pads show that no press concerns.
_AT_REST = (PadState.IDLE, PadState.READY, PadState.SOUNDING)


class PadsAtRest:
    """The pads of the active ``banks`` that no press has just changed."""

    def __init__(
        self,
        view: View,
        renders: Renders,
        banks: Callable[[], Sequence[Bank]],
        wish_of: Callable[[str, PadKey], Wish | None],
        publish: Callable[[StateChange], None],
        clock: Clock,
    ) -> None:
        self._view = view
        self._renders = renders
        self._banks = banks
        self._wish_of = wish_of
        self._publish = publish
        self._clock = clock

    def shown(self, bank: Bank) -> tuple[PadChanged, ...]:
        """A bank's pads as they are now."""
        pads = self._view.pads_of(bank, self._clock.now())
        return tuple(dataclasses.replace(pad, state=self._rest(pad)) for pad in pads)

    def settle(self) -> None:
        """Bring what pads show of presses and spares that are over to what is true now."""
        for pad in self._last_shown():
            busy = self._renders.telling.busy_with(pad.bank, pad.pad)
            if busy is not None:
                if self._has_shown_its_end(pad):
                    self._renders.telling.show(busy)
            elif (state := self._rest(pad)) is not pad.state:
                self._show(pad, state)

    def show_ready(self, wish: Wish) -> None:
        """A spare for ``wish`` has come. A pad whose press failed goes on to show that."""
        if wish.pad is None or wish != self._wish_of(wish.bank, wish.pad):
            return
        for pad in self._last_shown():
            if (pad.bank, pad.pad) == wish.place and pad.state is not PadState.READY is self._rest(pad):
                self._show(pad, PadState.READY)

    def leave(self, bank: Bank) -> None:
        """A bank is about to rest: what its presses failed of was shown, and is not when it returns."""
        for pad in self._view.pads_of(bank, self._clock.now()):
            if pad.state in (PadState.FAILED, PadState.REFUSED):
                busy = self._renders.telling.busy_with(pad.bank, pad.pad)
                if busy is None:
                    self._show(pad, PadState.IDLE)
                else:
                    self._renders.telling.show(busy)

    def _last_shown(self) -> tuple[PadChanged, ...]:
        now = self._clock.now()
        return tuple(pad for bank in self._banks() for pad in self._view.pads_of(bank, now))

    def _has_shown_its_end(self, pad: PadChanged) -> bool:
        ended = pad.state in (PadState.LANDED, PadState.FAILED, PadState.REFUSED)
        return ended and self._clock.now() - pad.time >= ENDED_SHOWS_FOR

    def _rest(self, pad: PadChanged) -> PadState:
        # A failure stays until the next press, or until another bank comes: on a dark stage a flash is no news.
        over = pad.state in (PadState.LANDED, PadState.REFUSED) and self._has_shown_its_end(pad)
        if over or pad.state in _AT_REST:
            if self._renders.landings.last.sounds((pad.bank, pad.pad)):
                return PadState.SOUNDING
            wish = self._wish_of(pad.bank, pad.pad)
            if wish is not None and self._renders.spares.ready_for(wish):
                return PadState.READY
        return PadState.IDLE if pad.state in _AT_REST else pad.state

    def _show(self, pad: PadChanged, state: PadState) -> None:
        now = self._clock.now()
        self._publish(dataclasses.replace(pad, state=state, time=now, job=None, text="", boundary=None))
