"""What happens in a campaign: one table of moves, from playing to pulling plugs, each with how often it comes."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mido
import psutil

from tests.faults import setting
from tests.faults.act import Act
from tests.faults.browsers import Browser, load
from tests.faults.disk import DiskState


@dataclass(frozen=True)
class Move:
    """Something that happens. ``weight`` is how often it is drawn, in proportion; ``harmless`` is mere playing."""

    do: Callable[[Act], None]
    weight: int
    harmless: bool = False

    @property
    def name(self) -> str:
        """What it is called in figures and traces."""
        return self.do.__name__


def press(act: Act) -> None:
    act.play(act.dice.choice(setting.NOTES), velocity=act.dice.randint(1, 127))


def chord(act: Act) -> None:
    act.play(*act.dice.sample(setting.NOTES, 4))


def roll(act: Act) -> None:
    # At velocities that lights have too: none of them is an echo.
    note, velocity = act.dice.choice(setting.NOTES), act.dice.choice([13, 21, 45, 100])
    for _ in range(act.dice.randint(3, 8)):
        act.play(note, velocity=velocity)
        time.sleep(1 / 30)


def turn_knob(act: Act) -> None:
    values = act.dice.sample(range(128), 20)
    act.send(*(mido.Message("control_change", control=setting.KNOB, value=value) for value in values))


def other_messages(act: Act) -> None:
    dice = act.dice
    act.send(
        mido.Message("pitchwheel", pitch=dice.randint(-8192, 8191)),
        mido.Message("aftertouch", value=dice.randrange(128)),
        mido.Message("control_change", control=dice.choice([1, 7, 64, 123]), value=dice.randrange(128)),
        mido.Message("sysex", data=[dice.randrange(128) for _ in range(dice.randint(1, 200))]),
        mido.Message("note_off", note=dice.choice(setting.NOTES)),
        [0xF7],
    )


def clock(act: Act) -> None:
    act.send(mido.Message("start"))
    for _ in range(24):
        act.send(mido.Message("clock"))
        time.sleep(act.dice.uniform(0.015, 0.025))


def flood(act: Act) -> None:
    message = mido.Message("control_change", control=act.dice.choice([setting.KNOB, 77]))
    for start in range(0, 1000, 100):
        act.send(*(message.copy(value=value % 128) for value in range(start, start + 100)))
        act.play(act.dice.choice(setting.NOTES))


def lock(act: Act) -> None:
    act.send(mido.Message("control_change", control=setting.LOCK, value=127))
    act.send(mido.Message("control_change", control=setting.LOCK, value=0))


def panic(act: Act) -> None:
    act.send(mido.Message("control_change", control=setting.PANIC, value=127))
    act.send(mido.Message("control_change", control=setting.PANIC, value=0))


def stop_a_slot(act: Act) -> None:
    act.send(mido.Message("control_change", control=setting.STOP, value=127))
    act.send(mido.Message("control_change", control=setting.STOP, value=0))


def tap(act: Act) -> None:
    for _ in range(5):
        act.send(mido.Message("control_change", control=setting.TAP, value=127))
        act.send(mido.Message("control_change", control=setting.TAP, value=0))
        time.sleep(act.dice.uniform(0.2, 0.6))


def change_time(act: Act) -> None:
    kind = act.dice.choice(["stop", "continue", "start", "songpos"])
    act.send(mido.Message("songpos", pos=act.dice.randrange(64)) if kind == "songpos" else mido.Message(kind))


def other_bank(act: Act) -> None:
    if act.dice.random() < 0.5:
        act.send(mido.Message("program_change", program=act.dice.randint(0, 2)))
    else:
        act.send(mido.Message("note_on", note=setting.NEXT_BANK, velocity=100))


def unplug(act: Act) -> None:
    act.replug()


def restart_jack(act: Act) -> None:
    act.restart_jack(act.dice.choice([0.0, 0.5, 3.0]))


def stop_jack(act: Act) -> None:
    act.lossy = True
    os.kill(act.jack.pid, signal.SIGSTOP)
    time.sleep(act.dice.choice([0.5, 4.0]))
    os.kill(act.jack.pid, signal.SIGCONT)
    # Its clients were thrown out while it stood still, the controller among them; it has a moment to see them off.
    time.sleep(1.0)
    act.restart_jack(0.0)


def open_page(act: Act) -> None:
    if act.address and len(act.browsers) < 4:
        act.browsers.append(Browser(act.address))


def press_on_page(act: Act) -> None:
    if act.browsers:
        act.dice.choice(act.browsers).press(str(act.dice.choice(setting.NOTES)))


def leave_page(act: Act) -> None:
    if act.browsers:
        act.browsers.pop().close()


def reload_page(act: Act) -> None:
    for _ in range(3 if act.address else 0):
        load(act.address or "")


def kill_page(act: Act) -> None:
    _signal(act, "page", psutil.Process.kill)


def stop_page(act: Act) -> None:
    _signal(act, "page", psutil.Process.suspend)
    time.sleep(act.dice.uniform(0.1, 2.0))
    _signal(act, "page", psutil.Process.resume)


def kill_engine(act: Act) -> None:
    _signal(act, "engine", psutil.Process.kill)


def stop_engine(act: Act) -> None:
    _signal(act, "engine", psutil.Process.suspend)
    time.sleep(act.dice.choice([0.2, 3.0, 12.0]))
    _signal(act, "engine", psutil.Process.resume)


def kill_player(act: Act) -> None:
    _signal(act, "player", psutil.Process.kill)


def stop_player(act: Act) -> None:
    _signal(act, "player", psutil.Process.suspend)
    time.sleep(act.dice.choice([0.2, 3.0]))
    _signal(act, "player", psutil.Process.resume)


def kill_midi(act: Act) -> None:
    if act.children("midi"):
        act.lossy = True
        _signal(act, "midi", psutil.Process.kill)


def change_bank_file(act: Act) -> None:
    setting.write_bank(act.folder, act.dice, "first", 1)


def break_bank_file(act: Act) -> None:
    path = act.folder / "presets" / "second.yaml"
    before = path.read_bytes()
    path.write_text(act.dice.choice(["pads: {36: {prompt: [", "pads: {200: {prompt: x}}", "\x00", "name: &a *a", ""]))
    time.sleep(act.dice.uniform(0.0, 1.5))
    path.write_bytes(before)


def put_pipe_for_bank_file(act: Act) -> None:
    path = act.folder / "presets" / "second.yaml"
    before = path.read_bytes()
    path.unlink()
    os.mkfifo(path)
    time.sleep(act.dice.uniform(0.0, 1.5))
    path.unlink()
    path.write_bytes(before)


def put_pipe_for_slot(act: Act) -> None:
    path = _take_slot_away(act)
    with contextlib.suppress(OSError):
        os.mkfifo(path)


def remove_slot(act: Act) -> None:
    _take_slot_away(act)


def fill_disk(act: Act) -> None:
    _disk(act, DiskState.FULL)


def slow_disk(act: Act) -> None:
    _disk(act, DiskState.SLOW)


def hang_disk(act: Act) -> None:
    _disk(act, DiskState.HANGING)


def close_terminal(act: Act) -> None:
    # Only a pipe: a terminal that closes sends SIGHUP, which is one of the ways in which acts end.
    if act.terminal_kind.value == "pipe":
        act.terminal.close()


MOVES: tuple[Move, ...] = (
    Move(press, 30, harmless=True),
    Move(chord, 10, harmless=True),
    Move(roll, 4, harmless=True),
    Move(turn_knob, 6, harmless=True),
    Move(other_messages, 6, harmless=True),
    Move(clock, 2, harmless=True),
    Move(flood, 1, harmless=True),
    Move(lock, 2, harmless=True),
    Move(panic, 1, harmless=True),
    Move(stop_a_slot, 1, harmless=True),
    Move(tap, 1, harmless=True),
    Move(change_time, 2, harmless=True),
    Move(other_bank, 4, harmless=True),
    Move(open_page, 3, harmless=True),
    Move(press_on_page, 6, harmless=True),
    Move(leave_page, 1, harmless=True),
    Move(reload_page, 1, harmless=True),
    Move(change_bank_file, 2, harmless=True),
    Move(unplug, 2),
    Move(kill_page, 1),
    Move(stop_page, 1),
    Move(kill_engine, 2),
    Move(stop_engine, 1),
    Move(kill_player, 1),
    Move(stop_player, 1),
    Move(kill_midi, 1),
    Move(restart_jack, 1),
    Move(stop_jack, 1),
    Move(break_bank_file, 1),
    Move(put_pipe_for_bank_file, 1),
    Move(put_pipe_for_slot, 1),
    Move(remove_slot, 1),
    Move(fill_disk, 2),
    Move(slow_disk, 1),
    Move(hang_disk, 1),
    Move(close_terminal, 1),
)


def _take_slot_away(act: Act) -> Path:
    number = act.dice.randint(1, setting.SLOTS)
    act.touched.add(number)
    path = act.fragments / f"output{number:02d}.wav"
    path.unlink(missing_ok=True)
    return path


def _signal(act: Act, kind: str, do: Callable[[psutil.Process], None]) -> None:
    for child in act.children(kind):
        with contextlib.suppress(psutil.Error):
            do(child)


def _disk(act: Act, state: DiskState) -> None:
    if not act.disk.switchable:
        return
    act.disk.set(state)
    for _ in range(act.dice.randint(1, 4)):
        press(act)
        time.sleep(act.dice.uniform(0.1, 0.6))
    act.disk.set(DiskState.WELL)
