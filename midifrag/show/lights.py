"""All surfaces of a show: state changes in, messages per port out.

A pad's feedback goes to every controller of its performer that shows it, on the LED where it lies there. A port that
echoes answers only what came from there: it may be a DAW's, where any other note would sound. After a bank change, and
when a port comes back, every LED is sent again; otherwise only the one that changed. Must be used from one thread (the
bridge's), but for `Lights.notify`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol, assert_never

import mido

from midifrag.bridge.view import View
from midifrag.config.desk import Desk, plan_of
from midifrag.config.layout import Plan
from midifrag.config.performers import performer_of
from midifrag.config.ports import ECHO
from midifrag.config.settings import Settings
from midifrag.events import (
    BankChanged,
    ConfigurationChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    LayoutChanged,
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
from midifrag.show.button_looks import Surroundings
from midifrag.show.port_lights import PortLights, light_of
from midifrag.show.screens import Screens
from midifrag.states import UNDER_WAY, JobState, PadState
from midifrag.surface.described import Described
from midifrag.surface.driver import InTempo, note
from midifrag.surface.grid import Button

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
        self._ports: dict[str, PortLights] = {}
        self._around = Surroundings()
        #: Where each pad is when nobody plays it: the port it is bound to, or None.
        self._home: dict[tuple[str, PadKey], str | None] = {}
        #: The channel that a pad of any channel was pressed on last, on a port.
        self._played: dict[tuple[str, str, PadKey], int] = {}
        #: Whether a pad that blinks in tempo is lit, by port and LED.
        self._beats: dict[tuple[str, Button], bool] = {}
        self._told: deque[int] = deque(maxlen=_REMEMBERED_JOBS)
        self._screens = Screens(view)

    def handle(self, change: StateChange) -> None:
        """Show ``change``, if it is one that a surface shows."""
        self._screens.handle(change)
        match change:
            case PadChanged():
                self._pad_changed(change)
            case BankChanged():
                self._bank_changed(change)
            case LayoutChanged(port):
                if port in self._ports:
                    self._repaint(self._ports[port])
            case PortChanged(direction="out", state="open"):
                self._connected(change.port)
            case PortChanged(direction="out"):
                self._ports.pop(change.port, None)
                self._screens.remove(change.port)
            case SlotsChanged(slots):
                self._around.slots = {slot.number: slot for slot in slots}
                self._buttons()
            case Sounding():
                self._around.sounding = frozenset(self._view.sounding)
                self._buttons()
            case JobChanged(state=JobState.LANDED, slot=int() as slot):
                self.notify(change.job, slot)
            case PortChanged() | JobChanged() | ControlChanged() | TakeChanged() | EngineChanged():
                pass
            case ConfigurationChanged() | TimeChanged() | PlaybackChanged() | Meters() | Notice():
                pass
            case _:
                assert_never(change)

    def close(self) -> None:
        """All LEDs off, all controllers back to themselves."""
        for port, lights in self._ports.items():
            self._send(port, lights.close() + self._screens.remove(port))
            self._send(port, lights.surface.leave(), led=False)
        self._ports.clear()

    def beat(self, now: float) -> float | None:
        """Have pads that wait for a boundary blink in tempo, and displays say what is new; when to call again, if so.

        Pads blink where their surface can: they are lit on the beat, and dark from half a beat on. ``now`` and what is
        returned are monotonic seconds.
        """
        due = self._screens.write(now, self._send)
        beats: dict[tuple[str, Button], bool] = {}
        for port, lights in self._ports.items():
            surface = lights.surface
            if not isinstance(surface, InTempo):
                continue
            for address, pad in lights.lit.items():
                boundary = pad.boundary if pad.state is PadState.WAITING else None
                if boundary is None or boundary.at <= now:
                    continue
                half = boundary.beat_seconds / 2
                left = math.ceil((boundary.at - now) / half - _SOON) - 1
                beats[port, address] = on = left % 2 == 1
                moment = boundary.at - left * half
                due = moment if due is None else min(due, moment)
                if self._beats.get((port, address)) is not on:
                    self._send(port, surface.beat(light_of(address, pad), on))
        self._beats = beats
        return due

    def _connected(self, port: str) -> None:
        settings = self._settings.ports[port]
        lights = PortLights(port, settings, settings.make_surface(self._device(port) or ""))
        self._ports[port] = lights
        self._send(port, lights.surface.init(), led=False)
        if isinstance(lights.surface, Described) and lights.surface.screen is not None:
            self._screens.add(port, lights.surface.screen)
        self._repaint(lights)

    def _bank_changed(self, change: BankChanged) -> None:
        self._home = {place: port for place, port in self._home.items() if place[0] != change.slug}
        self._home |= {(change.slug, pad.pad): pad.port for pad in change.pads if pad.state in _AT_REST}
        for port, lights in self._ports.items():
            if self._view.bank_on(port) == change:
                self._repaint(lights)

    def _desk_of(self, active: BankChanged) -> Desk:
        """What lies where on the ports of who plays this bank."""
        plans = [plan_of(bank) for bank in self._view.banks]
        if active.slug not in {plan.slug for plan in plans}:
            # As the bridge tells of it, before the set is known.
            home = {pad.pad: self._home.get((active.slug, pad.pad)) for pad in active.pads}
            plans = [Plan(active.slug, home, {})]
        at = next(number for number, plan in enumerate(plans) if plan.slug == active.slug)
        self._around.banks = tuple(plan.slug for plan in plans)
        return Desk(self._settings, plans, at, self._view.layouts)

    def _repaint(self, lights: PortLights) -> None:
        active = self._view.bank_on(lights.port)
        if active is None:
            return
        wanted = {}
        there = lights.lay(self._desk_of(active), active.slug, buttons=bool(self._view.banks))
        pads = self._on(lights.port) if lights.grid is None else [self._placed(lights.port, *one) for one in there]
        for pad in pads:
            address = self._address(lights, pad)
            if address is not None:
                wanted[address] = pad
        self._send(lights.port, lights.repaint(wanted) + lights.buttons(self._around, anew=True))

    def _on(self, port: str) -> Iterable[PadChanged]:
        bank = self._view.bank_on(port)
        for first in bank.pads if bank else ():
            pad = self._view.pads[first.bank, first.pad]
            if self._is_told(self._ports[port], pad):
                yield pad
            elif self._home.get((pad.bank, pad.pad), "") in (None, port):
                yield replace(pad, state=PadState.IDLE)

    def _placed(self, port: str, slug: str, key: PadKey) -> PadChanged:
        """A pad that a port shows, as it stands there."""
        pad = self._view.pads.get((slug, key))
        if pad is None:
            own = next((bank.pads[key].colour for bank in self._view.banks if bank.slug == slug), None)
            return PadChanged(slug, key, None, key.channel or 1, key.note, PadState.IDLE, own, 0.0)
        told = self._is_told(self._ports[port], pad)
        return self._as_shown(port, pad) if told else replace(pad, state=PadState.IDLE, job=None)

    def _is_told(self, lights: PortLights, pad: PadChanged) -> bool:
        """Whether a port shows how a pad stands that was pressed somewhere."""
        if pad.port in (None, lights.port):
            return True
        ports = self._settings.ports
        is_its_own = lights.grid is None and self._home.get((pad.bank, pad.pad), "") not in (None, lights.port)
        if pad.port not in ports or is_its_own or ports[lights.port].surface == ECHO:
            return False
        return performer_of(ports, pad.port) == performer_of(ports, lights.port)

    def _as_shown(self, port: str, pad: PadChanged) -> PadChanged:
        """A pad of a bank that is not active shows only what is under way: nobody tells what it is at rest."""
        active = self._view.bank_on(port)
        is_active = active is not None and active.slug == pad.bank
        return pad if is_active or pad.state in UNDER_WAY else replace(pad, state=PadState.IDLE, job=None)

    def _pad_changed(self, pad: PadChanged) -> None:
        self._count(pad)
        if pad.port is not None and pad.state not in _AT_REST:
            self._played[pad.port, pad.bank, pad.pad] = pad.channel
        for port, lights in self._ports.items():
            bank = self._view.bank_on(port)
            is_shown = bank is not None and (bank.slug == pad.bank or lights.grid is not None)
            address = self._address(lights, pad) if is_shown else None
            if address is None:
                continue
            if self._is_told(lights, pad):
                self._send(port, lights.show(address, self._as_shown(port, pad)))
            elif pad.state in _AT_REST:
                self._send(port, lights.rest(pad))

    def _address(self, lights: PortLights, pad: PadChanged) -> Button | None:
        """What a pad's LED is called on a port: on its own channel, the port's, or that of its last press there."""
        return lights.address(pad, self._played.get((lights.port, pad.bank, pad.pad), 1))

    def _count(self, pad: PadChanged) -> None:
        """Whether a bank's button shows that something goes on in it."""
        busy = self._around.busy.setdefault(pad.bank, set())
        was = bool(busy)
        (busy.add if pad.state in UNDER_WAY else busy.discard)(pad.pad)
        if bool(busy) != was:
            self._buttons()

    def _buttons(self) -> None:
        for port, lights in self._ports.items():
            messages = lights.buttons(self._around)
            if messages:
                self._send(port, messages)

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
