"""All surfaces of a show: state changes in, messages per port out.

A pad's feedback goes to the port that pressed it. After a bank change, and when a port comes back, every LED is sent
again; otherwise only the one that changed. Must be used from one thread (the bridge's), but for `Lights.notify`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeAlias, assert_never

import mido

from midifrag.bridge.view import View
from midifrag.config.settings import Settings
from midifrag.events import (
    BankChanged,
    ConfigurationChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    Meters,
    Notice,
    PadChanged,
    PlaybackChanged,
    PortChanged,
    SlotsChanged,
    Sounding,
    StateChange,
    TakeChanged,
    TimeChanged,
)
from midifrag.pad_key import PadKey
from midifrag.states import JobState, PadState
from midifrag.surface import make_surface
from midifrag.surface.driver import InTempo, PadLight, Surface, note

#: Where a pad's LED is on a port: note and channel.
_Place: TypeAlias = tuple[int, int]

_AT_REST = (PadState.IDLE, PadState.READY)
#: A part of half a beat that counts as none.
_SOON = 0.01
#: Velocity of the note that tells about a landed slot.
NOTIFY_VELOCITY = 100
#: Jobs whose landing was told; remembered so that a second change of the same job is not told again.
_REMEMBERED_JOBS = 256


class Send(Protocol):
    """How messages leave (`midifrag.midi.ports.Ports.send`)."""

    def __call__(self, port: str, messages: Iterable[mido.Message], *, led: bool = True) -> bool:
        """Enqueue ``messages`` for a configured port."""


class Lights:
    """The surfaces of ``show``, which light what ``view`` says; that has taken in each change before `handle` does.

    ``device(port)`` gives the name of the device at a port, for drivers of families.
    """

    def __init__(
        self, settings: Settings, send: Send, view: View, device: Callable[[str], str] = lambda _port: ""
    ) -> None:
        self._settings = settings
        self._send = send
        self._view = view
        self._device = device
        self._surfaces: dict[str, Surface] = {}
        #: Where each pad is when nobody plays it: the port it is bound to, or None.
        self._home: dict[tuple[str, PadKey], str | None] = {}
        #: The channel that a pad of any channel was pressed on last, on a port.
        self._played: dict[tuple[str, str, PadKey], int] = {}
        self._lit: dict[str, dict[_Place, PadChanged]] = {}
        #: Whether a pad that blinks in tempo is lit, by port and place.
        self._beats: dict[tuple[str, _Place], bool] = {}
        self._told: deque[int] = deque(maxlen=_REMEMBERED_JOBS)

    def handle(self, change: StateChange) -> None:
        """Show ``change``, if it is one that a surface shows."""
        match change:
            case PadChanged():
                self._pad_changed(change)
            case BankChanged():
                self._bank_changed(change)
            case PortChanged(direction="out", state="open"):
                self._connected(change.port)
            case PortChanged(direction="out"):
                self._surfaces.pop(change.port, None)
                self._lit.pop(change.port, None)
            case JobChanged(state=JobState.LANDED, slot=int() as slot):
                self.notify(change.job, slot)
            case PortChanged() | JobChanged() | ControlChanged() | SlotsChanged() | TakeChanged() | EngineChanged():
                pass
            case ConfigurationChanged() | TimeChanged() | PlaybackChanged() | Sounding() | Meters() | Notice():
                pass
            case _:
                assert_never(change)

    def close(self) -> None:
        """All LEDs off, all controllers back to themselves."""
        for port, surface in self._surfaces.items():
            self._send(port, [m for place in self._lit[port] for m in surface.clear(*place)])
            self._send(port, surface.leave(), led=False)
        self._surfaces.clear()
        self._lit.clear()

    def beat(self, now: float) -> float | None:
        """Have pads that wait for a boundary blink in tempo, where their surface can; when to call again, if at all.

        They are lit on the beat, and dark from half a beat on; ``now`` and what is returned are monotonic seconds.
        """
        due: float | None = None
        beats: dict[tuple[str, _Place], bool] = {}
        for port, surface in self._surfaces.items():
            if not isinstance(surface, InTempo):
                continue
            for place, pad in self._lit[port].items():
                boundary = pad.boundary if pad.state is PadState.WAITING else None
                if boundary is None or boundary.at <= now:
                    continue
                half = boundary.beat_seconds / 2
                left = math.ceil((boundary.at - now) / half - _SOON) - 1
                beats[port, place] = on = left % 2 == 1
                moment = boundary.at - left * half
                due = moment if due is None else min(due, moment)
                if self._beats.get((port, place)) is not on:
                    self._send(port, surface.beat(_light(pad), on))
        self._beats = beats
        return due

    def _connected(self, port: str) -> None:
        surface = make_surface(self._settings.ports[port].surface, self._device(port))
        self._surfaces[port] = surface
        self._lit[port] = {}
        self._send(port, surface.init(), led=False)
        self._repaint(port)

    def _bank_changed(self, change: BankChanged) -> None:
        self._home = {place: port for place, port in self._home.items() if place[0] != change.slug}
        self._home |= {(change.slug, pad.pad): pad.port for pad in change.pads if pad.state in _AT_REST}
        for port in self._surfaces:
            if self._view.bank_on(port) == change:
                self._repaint(port)

    def _repaint(self, port: str) -> None:
        wanted = {(pad.note, pad.channel): pad for pad in map(partial(self._there, port), self._on(port))}
        surface, lit = self._surfaces[port], self._lit[port]
        messages = [m for place in lit if place not in wanted for m in surface.clear(*place)]
        messages += [m for pad in wanted.values() for m in surface.show(_light(pad))]
        self._lit[port] = wanted
        self._send(port, messages)

    def _on(self, port: str) -> Iterable[PadChanged]:
        bank = self._view.bank_on(port)
        for first in bank.pads if bank else ():
            pad = self._view.pads[first.bank, first.pad]
            if pad.port in (None, port):
                yield pad
            elif self._home.get((pad.bank, pad.pad), "") in (None, port):
                yield replace(pad, state=PadState.IDLE)

    def _pad_changed(self, pad: PadChanged) -> None:
        if pad.port is not None and pad.state not in _AT_REST:
            self._played[pad.port, pad.bank, pad.pad] = pad.channel
        for port in self._surfaces:
            bank = self._view.bank_on(port)
            if bank is None or bank.slug != pad.bank:
                continue
            if pad.port in (None, port):
                self._show(port, self._there(port, pad))
            elif pad.state in _AT_REST:
                for shown in list(self._lit[port].values()):
                    if shown.pad == pad.pad and shown.state not in _AT_REST:
                        self._show(port, replace(shown, state=PadState.IDLE, job=None))

    def _there(self, port: str, pad: PadChanged) -> PadChanged:
        """``pad`` on the channel that it has on ``port``: its own, the port's, or the one of its last press there."""
        own = pad.pad.channel or self._settings.ports[port].channel
        return replace(pad, channel=own or self._played.get((port, pad.bank, pad.pad), 1))

    def _show(self, port: str, pad: PadChanged) -> None:
        surface, lit = self._surfaces[port], self._lit[port]
        place = (pad.note, pad.channel)
        for elsewhere in [other for other, shown in lit.items() if shown.pad == pad.pad and other != place]:
            # It was pressed on another channel before.
            if lit.pop(elsewhere).state is not PadState.IDLE:
                self._send(port, surface.clear(*elsewhere))
        before = lit.get(place)
        if before is not None and pad.state is PadState.WAITING is before.state:
            # It may wait for another moment now.
            lit[place] = pad
        # A new press is shown even where the LED looks the same; progress alone, of several in turn, is not.
        if before is None or _looks(before) != _looks(pad) or (pad.job or 0) > (before.job or 0):
            lit[place] = pad
            self._send(port, surface.show(_light(pad)))

    def notify(self, job: int, slot: int) -> None:
        """Send the note that tells a DAW of a landing, once for each job. Any thread may."""
        notify = self._settings.notify
        if notify is None or job in self._told or notify.first_note + slot - 1 > 127:
            return
        self._told.append(job)
        number = notify.first_note + slot - 1
        on = note(number, NOTIFY_VELOCITY, notify.channel)
        off = mido.Message("note_off", note=number, channel=notify.channel - 1)
        self._send(notify.port, [on, off], led=False)


def _light(pad: PadChanged) -> PadLight:
    return PadLight(pad.note, pad.channel, pad.state, pad.colour)


def _looks(pad: PadChanged) -> tuple[PadState, str | None]:
    return pad.state, pad.colour
