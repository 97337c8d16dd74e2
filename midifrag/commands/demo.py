"""``midifrag demo``: a shipped clip played through the same bridge as a show, on any machine."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from midifrag.bridge.view import View
from midifrag.clock import monotonic
from midifrag.commands.common import explained
from midifrag.commands.console import err, out, say
from midifrag.commands.lines import NARROW, fitted, listed
from midifrag.commands.news import job_line
from midifrag.commands.run import tell_ending
from midifrag.commands.sounding import is_heard, is_opening, playback_line
from midifrag.config.loading import Loaded
from midifrag.errors import EngineError
from midifrag.events import EngineChanged, JobChanged, Notice, PlaybackChanged, Sounding, StateChange
from midifrag.show.clip import read_clip
from midifrag.show.playing import ClipPorts, play, wait_until_landed
from midifrag.show.runtime import Runtime
from midifrag.states import EngineState, JobState, NoticeLevel

CLIP = Path(__file__).parent.parent / "demo.mid"
#: The longest that a demo may take to load its model, and to land what is left after the clip, in seconds.
LOAD_TIMEOUT, LAND_TIMEOUT = 300.0, 300.0
#: And to open the output, whose code is compiled the first time.
OPEN_TIMEOUT = 60.0
#: Progress of a job is printed each time it has come this much further.
PROGRESS_STEP = 0.25


class _Listener:
    """Prints what happens, unless ``quiet``, and keeps how every job ended."""

    def __init__(self, quiet: bool) -> None:
        self.ended: dict[int, JobChanged] = {}
        self.lost = ""
        self.view = View()
        self._quiet = quiet
        self._said: dict[int, float] = {}
        self._warming: dict[str, str] = {}

    def __call__(self, change: StateChange) -> None:
        match change:
            case JobChanged():
                self._job(change)
            case EngineChanged(model, EngineState.WARMING, text, done, total) if total:
                # A line when it goes on to something else: prompts, and then lengths.
                doing = text.partition(":")[0]
                if self._warming.get(model) != doing and done < total:
                    self._warming[model] = doing
                    self._say(f"     engine     {model}, {done + 1} of {total}: {text}")
            case EngineChanged(state=EngineState.READY):
                self._say(f"     engine     {change.text}")
            case EngineChanged(state=EngineState.LOST):
                self.lost = change.text
            case PlaybackChanged():
                self._output(change)
            case Sounding():
                self.view.apply(change)
            case Notice(level=NoticeLevel.WARNING | NoticeLevel.ERROR):
                self._say(f"     {change.level}    {change.text}")
            case _:
                # The demo tells of takes, and of what goes wrong.
                pass

    def _output(self, change: PlaybackChanged) -> None:
        before = self.view.playback
        if before is None or before.state is not change.state:
            self._say(f"     sound      {playback_line(change)}")
        self.view.apply(change)

    def _job(self, change: JobChanged) -> None:
        if change.state.ended:
            self.ended[change.job] = change
        line = job_line(change)
        if change.state is JobState.RENDERING and change.of > 1:
            share = change.step / change.of
            if share - self._said.get(change.job, 0.0) >= PROGRESS_STEP and share < 1:
                self._said[change.job] = share
                line = f"{change.job:>3}  rendering  {change.step}/{change.of}"
        if line:
            self._say(line)

    def _say(self, text: str) -> None:
        if not self._quiet:
            say(text)


def demo(loaded: Loaded, as_json: bool, speed: float) -> None:
    """Play the clip, land every press, say what lies where."""
    with explained():
        clip = read_clip(CLIP)
        if not as_json:
            out.print(f"midifrag demo: {clip.presses} presses from a MIDI clip, model {loaded.settings.model}\n")
        began = monotonic()
        ports = ClipPorts(next(iter(loaded.settings.ports)))
        runtime = Runtime(loaded, ports)
        listener = _Listener(as_json)
        runtime.start()
        try:
            watcher = runtime.watch(listener, "demo")
            _until_ready(runtime, loaded.settings.model, listener)
            _while(lambda: is_opening(listener.view), OPEN_TIMEOUT)
            play(clip.at_speed(speed), ports.send)
            if not wait_until_landed(runtime, LAND_TIMEOUT):
                raise EngineError(f"After {LAND_TIMEOUT:.0f} s there are still presses that have not landed.")
            # What landed last has only begun to sound.
            _while(lambda: is_heard(listener.view), LAND_TIMEOUT)
            watcher.close()
        finally:
            tell_ending(runtime.close())
        takes = [listener.ended[job] for job in sorted(listener.ended)]
        seconds = monotonic() - began
        if as_json:
            out.print_json(json.dumps(_report(loaded, clip.presses, takes, seconds, listener.view.playback)))
        else:
            _farewell(loaded, takes, seconds)
        if any(take.state is not JobState.LANDED for take in takes) or len(takes) < clip.presses:
            raise EngineError("Not every press of the demo landed; what went wrong is said above.")


def _while(holds: Callable[[], bool], seconds: float) -> None:
    """Wait as long as something holds, and no longer than so many seconds."""
    deadline = monotonic() + seconds
    while holds() and monotonic() < deadline:
        time.sleep(0.02)


def _until_ready(runtime: Runtime, model: str, listener: _Listener) -> None:
    """Wait for all models of the set, ``model`` above all. Raises `EngineError` if one is lost, or takes too long."""
    deadline = monotonic() + LOAD_TIMEOUT
    # A model that is lost is no longer waited for a moment before the listener hears why.
    while not listener.lost and (runtime.engines.waiting() or runtime.engines.info(model) is None):
        if monotonic() > deadline:
            raise EngineError(f"The model was not ready after {LOAD_TIMEOUT:.0f} s.")
        time.sleep(0.02)
    if listener.lost:
        raise EngineError(listener.lost)


def _report(
    loaded: Loaded, presses: int, takes: list[JobChanged], seconds: float, playback: PlaybackChanged | None
) -> dict[str, Any]:
    return {
        "model": loaded.settings.model,
        "fragments": str(loaded.fragments_folder),
        "archive": str(loaded.archive_folder),
        "presses": presses,
        "seconds": round(seconds, 3),
        "playback": playback_line(playback) if playback else "off",
        "takes": [_take(take) for take in takes],
    }


def _take(take: JobChanged) -> dict[str, Any]:
    pressed = take.times.pressed
    return {
        "job": take.job,
        "state": take.state.value,
        "bank": take.bank,
        "pad": None if take.pad is None else str(take.pad),
        "prompt": take.prompt,
        "slot": take.slot,
        "file": take.file,
        "take": take.take,
        "archived": take.archived,
        "spare": take.spare,
        "engine_seconds": take.engine_seconds,
        "after_press": {name: round(moment - pressed, 6) for name, moment in take.times.reached().items()},
        "text": take.text,
    }


def _farewell(loaded: Loaded, takes: list[JobChanged], seconds: float) -> None:
    # A press may land after a later one: what lies in a slot is what landed there last.
    in_turn = sorted(takes, key=lambda take: take.times.landed or 0.0)
    last = {take.slot: take for take in in_turn if take.slot is not None and take.state is JobState.LANDED}
    names = ("slot file", "what lies there", "take", "press to landed")
    rows = []
    for slot in sorted(last):
        take = last[slot]
        after = f"{take.times.until_landed or 0:.2f} s"
        rows.append((Path(take.file or "").name, take.prompt, take.archived or "", after))
    out.print()
    out.print(listed(names, rows) if out.width < NARROW else fitted(names, rows, out.width, "what lies there"))
    landed = sum(take.state is JobState.LANDED for take in takes)
    out.print(f"\n{landed} of {len(takes)} presses landed; {seconds:.1f} s with the warm-up.", markup=False)
    out.print(
        f"Slots    {loaded.fragments_folder}   load this folder in your sampler or DAW", markup=False, soft_wrap=True
    )
    out.print(f"Archive  {loaded.archive_folder}   every raw take, never overwritten", markup=False, soft_wrap=True)
    out.print(
        "\nNext:  midifrag init my-set     a set of your own, with every key explained\n"
        "       midifrag ports           what is plugged in\n"
        "       midifrag run             play it\n"
        "       midifrag takes           what the archive holds",
        markup=False,
    )
    if not landed:
        err.print("Nothing landed.")
