"""What sounds, as a browser shows it: where it is in its length, and how loud."""

from __future__ import annotations

from midifrag.bridge.view import View
from midifrag.clock import monotonic
from midifrag.config.pads import told_name
from midifrag.events import Meters, PlaybackChanged, Sounding
from midifrag.page import texts
from midifrag.playback.levels import shown
from midifrag.playback.messages import PlaybackState


def sound_style(one: Sounding, level: float) -> str:
    """The style of a line that stands where a slot is, both as parts of a whole."""
    passed = max(0.0, monotonic() - one.at)
    length = max(one.seconds, 0.001)
    at = passed % length / length if one.loop else min(passed / length, 1.0)
    return f"--at: {at:.3f}; --level: {level:.2f}"


def shown_level(meters: Meters | None, slot: int | None) -> float:
    """How much of its way a meter shows, 0–1, of a slot or (None) the master."""
    if meters is None or (slot is not None and slot > len(meters.slots)):
        return 0.0
    return shown(meters.master if slot is None else meters.slots[slot - 1])


def sound_line(playback: PlaybackChanged) -> str:
    """How the output stands, in a few words."""
    if playback.state is PlaybackState.PLAYING:
        # Without the sound system that it belongs to: there is little room.
        name = playback.device.partition(" (")[0]
        words = texts.UNDERRUNS if playback.underruns else texts.SOUND
        return words.format(device=name, count=playback.underruns)
    return texts.SOUND_STATES[playback.state]


def sounds_words(view: View) -> str:
    """What sounds now, by name; how the output stands where nothing can. A DAW's slots count where it tells of them."""
    names = [
        told_name(slot.preset, slot.prompt) or slot.file
        for slot in view.slots
        if slot.sounds or slot.number in view.sounding
    ]
    if names:
        return texts.SOUNDS.format(names=", ".join(names))
    if view.playback is None or view.playback.state is PlaybackState.PLAYING:
        return texts.NOTHING_SOUNDS
    return texts.SOUND_STATES[view.playback.state]
