"""The fake Live's own process: one command a line on stdin, one answer a line on stdout.

``open``: a Set is loaded, and the script made anew. ``tick``: so many ticks pass, with things done at random in them
where ``random`` says how likely one is. ``run``: so many seconds pass. ``do``: a performer does something. ``state``:
what there is, and what the script did. ``log``, ``landed``: what it has logged, and put into Live, since the last time.
``away``, ``back``: the script is chosen away, and back.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import sys
import time
from typing import Any

from tests.doors.live.fake import actions, modules
from tests.doors.live.fake.clock import CLOCK, forget_stopped, turn
from tests.doors.live.fake.rules import MOST, RULES, enforce

_measure = (time.perf_counter, time.thread_time)
#: Seconds between two timer calls, and between two of `update_display`.
TICK = 0.0103
DISPLAY = 0.1


class Process:
    """``script`` is the name of the package to import, ``chance`` decides what is not told."""

    def __init__(self, script: str, chance: random.Random) -> None:
        self._script = script
        self._chance = chance
        self._logged: list[str] = []
        self._surface: Any = None
        self._performer: actions.Performer | None = None
        self._display_at = 0.0
        self._tick_seconds: list[list[float]] = []

    def answer(self, command: dict[str, Any]) -> Any:
        named = dict(command)
        return getattr(self, "on_" + named.pop("command"))(**named)

    def on_open(self, tracks: list[dict[str, Any]], path: str = "") -> None:
        """Live takes the script away, and makes it anew once the Set is there."""
        before = self._performer
        self.on_away()
        if before is not None:
            before.song._die()
        self._performer = actions.Performer(actions.build(tracks, path))
        self.on_back()

    def on_away(self) -> None:
        surface, self._surface = self._surface, None
        if surface is None:
            return
        turn(surface.disconnect)
        if not surface._is_disconnected:
            RULES.broken("Live's own disconnect was not called")
        left = [timer for timer in CLOCK.timers if timer.running]
        if left:
            RULES.broken("a timer runs on after disconnect")
        listeners = [name for one in self._objects() for name, callbacks in one._listeners.items() if callbacks]
        if listeners:
            RULES.broken(f"listeners are left after disconnect: {sorted(set(listeners))}")

    def on_back(self) -> None:
        assert self._performer is not None
        module = importlib.import_module(self._script)
        c_instance = modules.CInstance(self._performer.song, self._logged.append)
        turn(lambda: setattr(self, "_surface", module.create_instance(c_instance)))

    def _objects(self) -> list[Any]:
        found: list[Any] = []
        todo: list[Any] = [] if self._performer is None else [self._performer.song]
        while todo:
            one = todo.pop()
            found.append(one)
            todo.extend(one._children())
        return found

    def on_tick(self, count: int, random: float = 0.0) -> None:
        for _ in range(count):
            if random and self._chance.random() < random:
                assert self._performer is not None
                self._performer.do_something(self._chance)
            self._tick()

    def on_run(self, seconds: float) -> None:
        until = CLOCK.now() + seconds
        while CLOCK.now() < until:
            self._tick()

    def _tick(self) -> None:
        # Now and then one is late, by a whole tick.
        CLOCK.let_pass(TICK * (2 if self._chance.random() < 0.03 else 1))
        if self._performer is not None:
            self._performer.song._begin_fired()
        for timer in list(CLOCK.timers):
            began = [measure() for measure in _measure]
            turn(timer.fire_if_due)
            if CLOCK.is_real:
                self._tick_seconds.append([measure() - at for measure, at in zip(_measure, began)])
        forget_stopped()
        if CLOCK.now() - self._display_at >= DISPLAY and self._surface is not None:
            self._display_at = CLOCK.now()
            turn(self._surface.update_display)

    def on_do(self, what: str, **named: Any) -> None:
        assert self._performer is not None
        self._performer.do(what, **named)

    def on_stop_timers(self) -> None:
        """As if an exception had stopped them."""
        for timer in CLOCK.timers:
            timer.stop()
            timer._is_dead = True

    def on_refuse(self, count: int) -> None:
        """The next so many files are not taken."""
        RULES.to_refuse = count

    def on_dialogue(self) -> None:
        """Live asks something when the next fragment comes in, and its timers go on meanwhile."""
        RULES.dialogue = lambda: [timer._callback() for timer in CLOCK.timers] and None

    def on_let_pass(self, seconds: float) -> None:
        """Live hangs so long: no tick."""
        CLOCK.let_pass(seconds)

    def on_raise_in(self, what: str) -> None:
        """The next touches of the song's ``what`` raise, as something that the script has not thought of."""

        def broken(_self: object) -> Any:
            raise RuntimeError("out of order")

        assert self._performer is not None
        song_class = type(self._performer.song)
        self._whole = getattr(self, "_whole", {})
        self._whole[what] = getattr(song_class, what)
        setattr(song_class, what, property(broken))

    def on_mend(self, what: str) -> None:
        assert self._performer is not None
        setattr(type(self._performer.song), what, self._whole.pop(what))

    def on_log(self) -> list[str]:
        logged, self._logged[:] = list(self._logged), []
        return logged

    def on_landed(self) -> list[str]:
        """The paths that have come into Live since the last time."""
        landed, RULES.landed[:], RULES.landed_at[:] = list(RULES.landed), [], []
        return landed

    def on_state(self) -> dict[str, Any]:
        assert self._performer is not None
        return {
            "tracks": [_described(track) for track in self._performer.song._tracks],
            "playing": self._performer.song._is_playing,
            "breaches": RULES.breaches,
            "escaped": CLOCK.escaped,
            "timers": sum(timer.running for timer in CLOCK.timers),
            "worst": RULES.worst,
            "totals": RULES.totals,
            "most": MOST,
            "refused": RULES.refused,
            "listeners": sum(len(names) for one in self._objects() for names in one._listeners.values()),
        }

    def on_measured(self) -> dict[str, Any]:
        """Seconds of each tick, those of the processor too, and each landing's path and moment, since the last time."""
        measured, self._tick_seconds[:] = list(self._tick_seconds), []
        moments = dict(zip(RULES.landed, RULES.landed_at))
        return {"ticks": measured, "landed": moments}


def _described(track: Any) -> dict[str, Any]:
    return {
        "name": track._name,
        "playing": track._playing(),
        "clips": [_clip(slot._clip) for slot in track._slots],
        "simplers": [
            {"name": one._name, "sample": one._sample._path if one._sample else ""} for one in actions.simplers(track)
        ],
    }


def _clip(clip: Any) -> Any:
    if clip is None:
        return None
    return {
        "path": clip._path,
        "name": clip._name,
        "color": clip._color,
        "warping": clip._warping,
        "looping": clip._looping,
        "loop": clip._loop,
        "ends": clip._ends,
        "length": clip._length(),
        "playing": clip._is_playing,
        "triggered": clip._is_triggered,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--script", default="midifrag.doors.live.script", help="the package to import as the script")
    parser.add_argument("--on", default="", help="the folder that it lies in, where that is not on the path")
    parser.add_argument("--lacking", default="", help="functions that this Live lacks, with commas between")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", action="store_true", help="by the machine's clock")
    chosen = parser.parse_args()
    if chosen.on:
        sys.path.insert(0, chosen.on)
    CLOCK.is_real = chosen.real
    modules.install([name for name in chosen.lacking.split(",") if name])
    enforce()
    time.monotonic = CLOCK.now
    process = Process(chosen.script, random.Random(chosen.seed))
    for line in sys.stdin:
        try:
            told = {"answer": process.answer(json.loads(line))}
        except Exception as error:
            told = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
    process.on_away()
    # What the end itself broke.
    sys.stdout.write(json.dumps({"answer": RULES.breaches}) + "\n")
