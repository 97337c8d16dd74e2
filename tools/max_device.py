"""Writes midifrag/doors/max/midifrag.amxd, the Max for Live device: eight slots that follow what comes over OSC.

A slot is a ``buffer~`` whose file is replaced on ``/midifrag/slot N path …``, and a ``groove~`` that plays it. Names
that begin with ``---`` are the device's own; those of ``send`` and ``receive`` are shared by all of its copies, so that
two on one port find each other.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from py2max import Box, Patcher
from py2max.core.common import Rect
from py2max.m4l import add_to_presentation, enable_presentation, unix_to_max_time, write_amxd

DEVICE = Path(__file__).parent.parent / "midifrag" / "doors" / "max" / "midifrag.amxd"
SLOTS = 8
#: The note of slot 1 where the menu says all slots.
FIRST_NOTE = 36
#: Where midifrag sends to by default.
PORT = 7401
#: The time that the device says it was made, so that it is the same whenever it is: 1 January 2026.
MADE = unix_to_max_time(1_767_225_600)
#: What is added to a slot's number where its note ends.
ENDS = 1000
WIDTH = 240
_FLOAT, _ENUM = 0, 2
_STORED_ONLY = 1
#: The column of what is seen.
_SEEN = 9


class Device:
    """The patch: objects in rows and columns, and lines between them."""

    def __init__(self) -> None:
        self.patch = Patcher()
        self.patch.rect = Rect(0, 0, 3600, 1300)
        self._places: dict[int, int] = {}

    def add(self, text: str, column: int, outlets: int | None = None) -> Box:
        """An object or a message (``[replace $1]``), below the last one of its column."""
        if text.startswith("["):
            return self.patch.add_message(text[1:-1], patching_rect=self._place(column))
        return self.patch.add_textbox(text, numoutlets=outlets, patching_rect=self._place(column))

    def show(self, maxclass: str, place: Sequence[int], outlets: int, **valueof: Any) -> Box:
        """A parameter that is seen, and kept with the Set."""
        box = self.patch.add_textbox(maxclass, maxclass, numoutlets=outlets, patching_rect=self._place(_SEEN))
        self.patch.enable_parameter(box, valueof.pop("longname"))
        box._kwds["saved_attribute_attributes"]["valueof"] |= {
            f"parameter_{name}": value for name, value in valueof.items()
        }
        return add_to_presentation(box, place)

    def label(self, text: str, place: Sequence[int]) -> Box:
        """Words that are seen."""
        return add_to_presentation(self.patch.add_comment(text, patching_rect=self._place(_SEEN)), place)

    def _place(self, column: int) -> Rect:
        row = self._places[column] = self._places.get(column, 0) + 1
        return Rect(20 + 260 * column, 40 * row, 240, 22)

    def line(self, source: Box, target: Box, outlet: int = 0, inlet: int = 0) -> None:
        """Connect an outlet with an inlet."""
        self.patch.add_line(source, target, inlet=inlet, outlet=outlet)

    def chain(self, *boxes: Box) -> None:
        """Connect the first outlet of each with the first inlet of the next."""
        for one, other in pairwise(boxes):
            self.line(one, other)


def device() -> Patcher:
    """The patch of the whole device."""
    made = Device()
    chosen, menu, loop, level = _panel(made)
    port = made.add("int", 8)
    made.line(chosen, port)
    receiver = made.add(f"udpreceive {PORT}", 8)
    made.chain(port, made.add("prepend port", 8), receiver)
    _warn_of_another(made, port)
    routes = made.add("route /midifrag/slot", 8)
    slots = made.add("route " + " ".join(map(str, range(1, SLOTS + 1))), 8)
    made.chain(receiver, routes, slots)
    notes, velocity = _notes(made, menu)
    out = made.add("plugout~", 8)
    for number in range(1, SLOTS + 1):
        _slot(made, number, slots, notes, velocity, loop, level)
    for channel in (0, 1):
        made.line(level, out, channel, channel)
    return enable_presentation(made.patch, WIDTH)


def _panel(made: Device) -> tuple[Box, Box, Box, Box]:
    """Port, slot menu, loop and level, as they are seen in Live."""
    made.label("midifrag", [8, 6, 80, 18])
    made.label("OSC port", [8, 30, 60, 18])
    made.label("Slot", [8, 54, 60, 18])
    made.label("Loop", [8, 78, 60, 18])
    port = made.show(
        "live.numbox", [72, 30, 60, 15], 2, longname="Port", shortname="Port", type=_FLOAT, unitstyle=0,
        mmin=1024.0, mmax=65535.0, initial=[PORT], initial_enable=1, invisible=_STORED_ONLY,
    )  # fmt: skip
    names = ["all slots", *(f"slot {number}" for number in range(1, SLOTS + 1))]
    menu = made.show(
        "live.menu", [72, 54, 80, 15], 3, longname="Slot", shortname="Slot", type=_ENUM, enum=names,
        mmax=len(names) - 1, initial=[0], initial_enable=1,
    )  # fmt: skip
    loop = made.show(
        "live.toggle", [72, 78, 15, 15], 1, longname="Loop", shortname="Loop", type=_ENUM, enum=["off", "on"],
        mmax=1, initial=[0], initial_enable=1,
    )  # fmt: skip
    level = made.show(
        "live.gain~", [176, 8, 48, 150], 5, longname="Level", shortname="Level", type=_FLOAT, unitstyle=4,
        mmin=-70.0, mmax=6.0, initial=[0.0], initial_enable=1,
    )  # fmt: skip
    return port, menu, loop, level


def _notes(made: Device, menu: Box) -> tuple[Box, Box]:
    """From the track's notes to a slot's start, or `ENDS` more for its end; and how loud its start is."""
    notes = made.add("notein", 8, 3)
    # The menu's first line is all slots, each on its note; any other is that slot, on all notes.
    slot = f"($i3 > 0) * $i3 + ($i3 == 0) * ($i1 - {FIRST_NOTE - 1})"
    number = made.add(f"expr {slot} + {ENDS} * ($i2 == 0)", 8)
    moments = (*range(1, SLOTS + 1), *range(ENDS + 1, ENDS + SLOTS + 1))
    chosen = made.add("select " + " ".join(map(str, moments)), 8)
    velocity = made.add("/ 127.", 8)
    made.line(notes, velocity, outlet=1)
    made.line(notes, number, outlet=1, inlet=1)
    made.line(menu, number, inlet=2)
    made.chain(notes, number, chosen)
    return chosen, velocity


def _slot(made: Device, number: int, slots: Box, notes: Box, velocity: Box, loop: Box, level: Box) -> None:
    """One slot: its file, what plays it, and how loud."""
    column = number - 1
    name = f"---mf{number}"
    path = made.add("zl.nth 1", column)
    made.line(slots, path, outlet=number - 1)
    made.chain(path, made.add("prepend replace", column), made.add(f"buffer~ {name} 1000 2", column, 2))
    player = made.add(f"groove~ {name} 2 @loop 0", column, 3)
    made.chain(made.add("sig~ 1.", column), player)
    # Nothing sounds before its first note.
    made.chain(made.add("loadbang", column), stop := made.add("[stop]", column), player)
    start = made.add("trigger bang bang", column, 2)
    made.line(notes, start, outlet=number - 1)
    made.chain(start, made.add("[startloop]", column), player)
    loud = made.add("float", column)
    made.line(velocity, loud, inlet=1)
    made.line(start, loud, outlet=1)
    # A fragment sounds to its end; a loop until its note ends.
    made.chain(loop, made.add("prepend loop", column), player)
    gate = made.add("gate 1", column)
    made.line(loop, gate)
    made.line(notes, gate, outlet=SLOTS + number - 1, inlet=1)
    made.line(gate, stop)
    for channel in (0, 1):
        gain = made.add("*~ 0.", column)
        made.line(player, gain, outlet=channel)
        made.line(loud, gain, inlet=1)
        made.line(gain, level, inlet=channel)


def _warn_of_another(made: Device, port: Box) -> None:
    """A second device on one port receives nothing: each says its port to all, and who has it already answers."""
    said = made.label("listening", [8, 104, 160, 46])
    own = made.add("route id", 10)
    made.chain(
        made.add("live.thisdevice", 10, 3), made.add("[path this_device]", 10), made.add("live.path", 10, 3), own
    )
    known = made.add("trigger bang int int int int", 10, 5)
    made.line(own, known)
    claim, opened = made.add("pack 0 0", 10), made.add("gate 1", 10)
    made.line(port, claim)
    made.line(known, claim, outlet=2, inlet=1)
    made.line(known, made_one := made.add("[1]", 10), outlet=1)
    made.line(made_one, opened)
    made.line(claim, opened, inlet=1)
    made.line(known, claim)
    told = made.add("trigger list bang", 10, 2)
    made.line(opened, told)
    made.chain(told, made.add("send midifrag-port", 10))
    made.line(told, free := made.add("[set listening]", 10), outlet=1)
    made.line(free, said)
    _answer(made, port, known)
    mine = made.add("==", 11)
    made.line(known, mine, outlet=3, inlet=1)
    taken = made.add("[set another midifrag device has this port]", 11)
    made.chain(made.add("receive midifrag-taken", 11), mine, made.add("select 1", 11), taken, said)


def _answer(made: Device, port: Box, known: Box) -> None:
    """Tell another device that claims the port of this one."""
    heard, asker = made.add("unpack 0 0", 12), made.add("int", 12)
    made.chain(made.add("receive midifrag-port", 12), heard)
    same, other, both = made.add("==", 12), made.add("!=", 12), made.add("&&", 12)
    made.line(port, same, inlet=1)
    made.line(known, other, outlet=4, inlet=1)
    made.line(heard, asker, outlet=1, inlet=1)
    made.line(heard, other, outlet=1)
    made.line(other, both, inlet=1)
    made.line(heard, same)
    made.chain(same, both, made.add("select 1", 12), asker, made.add("send midifrag-taken", 12))


def content() -> bytes:
    """The device's file, the same each time."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / DEVICE.name
        write_amxd(path, device().to_dict(), device_type="instrument", mtime=MADE)
        return path.read_bytes()


def main() -> None:
    """Write the device into the package."""
    DEVICE.write_bytes(content())


if __name__ == "__main__":
    main()
