"""What sounds, as a terminal shows it: the output, where each slot is in its length, and how loud."""

from __future__ import annotations

from dataclasses import replace

from rich.text import Text

from midifrag.bridge.view import View
from midifrag.commands.lines import one_line
from midifrag.events import PlaybackChanged, Sounding
from midifrag.playback.levels import shown
from midifrag.playback.messages import PlaybackState

STATE_STYLES: dict[PlaybackState, str] = {
    PlaybackState.OFF: "dim",
    PlaybackState.OPENING: "",
    PlaybackState.PLAYING: "green",
    PlaybackState.LOST: "bold red",
}
#: Characters of a meter.
WIDTH = 8


def playback_line(change: PlaybackChanged) -> str:
    """How the output stands, in one line."""
    if change.state is not PlaybackState.PLAYING:
        return f"{change.state}: {change.text}" if change.text else str(change.state)
    milliseconds = 1000 * change.block / change.sample_rate
    parts = [f"plays on {change.device}, {change.sample_rate} Hz, blocks of {change.block} ({milliseconds:.1f} ms)"]
    if change.underruns:
        parts.append(f"{change.underruns} underrun{'s' if change.underruns > 1 else ''}")
    return "; ".join([*parts, *filter(None, [change.text])])


def is_news(before: PlaybackChanged, change: PlaybackChanged) -> bool:
    """Whether an output's change is worth a line: of underruns, the first, the tenth, the hundredth and so on."""
    same = replace(change, underruns=before.underruns) == before
    return (
        not same or len(str(change.underruns)) > len(str(before.underruns)) or before.underruns == 0 < change.underruns
    )


def is_opening(view: View) -> bool:
    """Whether the output is being opened."""
    return view.playback is not None and view.playback.state is PlaybackState.OPENING


def is_heard(view: View) -> bool:
    """Whether something sounds that will end by itself."""
    with view.lock:
        playing = view.playback is not None and view.playback.state is PlaybackState.PLAYING
        return playing and any(not one.loop for one in view.sounding.values())


def sound_row(view: View) -> Text:
    """The output and the master's meter."""
    change = view.playback
    if change is None:
        return Text("")
    level = view.meters.master if view.meters and view.sounding else 0.0
    return Text.assemble((one_line(playback_line(change)), STATE_STYLES[change.state]), "  ", meter(level))


def sounding_cell(view: View, slot: int, now: float) -> str:
    """Where a slot is in its length, and how loud; nothing where it does not sound."""
    one = view.sounding.get(slot)
    if one is None:
        return ""
    peaks = view.meters.slots if view.meters else ()
    return f"{position(one, now):.1f}/{one.seconds:.1f} s {meter(peaks[slot - 1] if slot <= len(peaks) else 0.0)}"


def position(one: Sounding, now: float) -> float:
    """The second that a slot is at."""
    passed = max(0.0, now - one.at)
    return passed % one.seconds if one.loop and one.seconds > 0 else min(passed, one.seconds)


def meter(peak: float) -> str:
    """A peak as a bar."""
    full = round(shown(peak) * WIDTH)
    return "█" * full + "·" * (WIDTH - full)
