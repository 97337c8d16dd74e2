"""What midifrag is told of Live: what sounds, musical time, and the selected track.

Listeners only note that something has changed; what it is now is read in the tick.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Callable, Tuple

from . import simpler
from .messages import MOST_NAME, Message, Target, told
from .objects import Standing, is_alive

if TYPE_CHECKING:
    from Live.Song import Song

#: Seconds between two tellings of the time: at least, and at most while Live plays.
TIME_GAP = 0.04
TIME_EVERY = 0.5
#: Quarter notes that Live may be off the way it went before it counts as a jump.
JUMP = 0.25

#: Sixteenths of a quarter note, and Live's ticks of one; by so many ticks its beats and its song time may differ.
SIXTEENTHS, TICKS, SLACK = 4, 240, 2

#: (thing, property, what is called)
Listener = Tuple[Any, str, Callable[[], None]]


class Listeners:
    """Those that are set, so that all can be taken away."""

    def __init__(self) -> None:
        self._set: list[Listener] = []

    def add(self, thing: Any, name: str, callback: Callable[[], None]) -> None:
        """Listen to property ``name`` of ``thing``, where this Live has it; what it lacks is polled all the same."""
        try:
            getattr(thing, f"add_{name}_listener")(callback)
        except Exception:
            return
        self._set.append((thing, name, callback))

    def clear(self) -> None:
        """Take all away; those of deleted things went with them."""
        for thing, name, callback in self._set:
            with contextlib.suppress(Exception):
                if getattr(thing, f"{name}_has_listener")(callback):
                    getattr(thing, f"remove_{name}_listener")(callback)
        self._set = []


class Feedback:
    """``song`` gets Live's song, ``send`` takes what is told, ``clock`` tells seconds."""

    def __init__(self, song: Callable[[], Song], send: Callable[[Message], None], clock: Callable[[], float]) -> None:
        self._song = song
        self._send = send
        self._clock = clock
        self._of_song = Listeners()
        self._of_slots = Listeners()
        self._of_clips: dict[int, Listeners] = {}
        self._standing: dict[int, Standing] = {}
        self._targets: dict[int, Target] = {}
        self._shared: set[int] = set()
        self._unread: set[int] = set()
        self._next_slot = 0
        self._sounding: dict[int, bool] = {}
        self._time: tuple[float, int, int, bool] | None = None
        self._beat = 0.0
        self._beat_at = 0.0
        self._time_is_due = True
        self._selected_is_due = True
        self._selected: str | None = None

    def start(self) -> None:
        """Listen to the song."""
        song = self._song()
        for name in ("tempo", "signature_numerator", "signature_denominator", "is_playing"):
            self._of_song.add(song, name, self._note_time)
        self._of_song.add(song.view, "selected_track", self._note_selected)

    def stop(self) -> None:
        """Listen to nothing any more."""
        for listeners in (self._of_song, self._of_slots, *self._of_clips.values()):
            listeners.clear()

    def tell_all(self) -> None:
        """Somebody new listens: all is told once, as it is."""
        self._time, self._selected = None, None
        self._time_is_due = self._selected_is_due = True
        self._sounding = {}
        self._unread = set(self._targets)

    def watch(self, standing: dict[int, Standing], targets: dict[int, Target]) -> None:
        """Follow these things from now on."""
        self._of_slots.clear()
        self._standing, self._targets = dict(standing), dict(targets)
        tracks = [one.audio.track for one in standing.values() if one.audio is not None]
        self._shared = {
            slot for slot, one in standing.items() if one.audio is not None and tracks.count(one.audio.track) > 1
        }
        for slot, one in standing.items():
            if one.audio is not None:
                self._of_slots.add(one.audio.track, "playing_slot_index", self._noting(slot))
            if one.simpler is not None:
                self._of_slots.add(one.simpler.simpler, "playing_position_enabled", self._noting(slot))
        self._unread = set(targets)

    def watch_clip(self, slot: int, clip: Any) -> None:
        """Follow a clip that has just been made for ``slot``, and its last one no more."""
        listeners = self._of_clips.setdefault(slot, Listeners())
        listeners.clear()
        listeners.add(clip, "playing_status", self._noting(slot))

    def step(self, scenes: dict[int, int]) -> None:
        """One tick's turn. ``scenes`` are those of the slots' clips, from 0."""
        song = self._song()
        self._tell_sounding(song, scenes)
        self._tell_time(song)
        if self._selected_is_due:
            self._selected_is_due = False
            self._tell_selected(song)

    def _noting(self, slot: int) -> Callable[[], None]:
        return lambda: self._unread.add(slot)

    def _note_time(self) -> None:
        self._time_is_due = True

    def _note_selected(self) -> None:
        self._selected_is_due = True

    def _tell_sounding(self, song: Song, scenes: dict[int, int]) -> None:
        # One slot a tick also without a listener's word: what is deleted or older than a listener says none.
        slots = sorted(self._targets)
        if slots:
            self._next_slot = (self._next_slot + 1) % len(slots)
            self._unread.add(slots[self._next_slot])
        unread, self._unread = self._unread, set()
        for slot in sorted(unread):
            is_on = self._is_sounding(song, slot, scenes.get(slot))
            if self._sounding.get(slot) != is_on:
                self._sounding[slot] = is_on
                self._send({"type": "playing", "slot": slot, "on": is_on})

    def _is_sounding(self, song: Song, slot: int, scene: int | None) -> bool:
        standing = self._standing.get(slot, Standing())
        try:
            if standing.simpler is not None and simpler.is_sounding(standing.simpler.simpler):
                return True
            if standing.audio is None or not song.is_playing:
                return False
            playing = standing.audio.track.playing_slot_index
        except Exception:
            return False
        if slot not in self._shared:
            return playing >= 0
        own = scene if scene is not None else (self._targets[slot].scene or 1) - 1
        return playing == own

    def _tell_time(self, song: Song) -> None:
        now = self._clock()
        beat, is_playing = song.current_song_time, song.is_playing
        bpm, numerator, denominator = song.tempo, song.signature_numerator, song.signature_denominator
        time = (bpm, numerator, denominator, is_playing)
        expected = self._beat + (now - self._beat_at) * bpm / 60.0 if is_playing else self._beat
        is_new = self._time != time or self._time_is_due or abs(beat - expected) > JUMP
        if (not is_new and not (is_playing and now - self._beat_at >= TIME_EVERY)) or now - self._beat_at < TIME_GAP:
            return
        self._time, self._beat, self._beat_at, self._time_is_due = time, beat, now, False
        bar, bar_began = bar_of(song, beat, denominator)
        self._send(
            {
                "type": "time",
                "bpm": bpm,
                "numerator": numerator,
                "denominator": denominator,
                "playing": is_playing,
                "beat": beat,
                "bar": bar,
                "bar_began": bar_began,
            }
        )

    def _tell_selected(self, song: Song) -> None:
        track = song.view.selected_track
        name = told(track.name, MOST_NAME) if is_alive(track) else ""
        if name != self._selected:
            self._selected = name
            self._send({"type": "selected", "track": name})


def bar_of(song: Song, beat: float, denominator: int) -> tuple[int | None, float | None]:
    """The bar that Live is in, from 1, and where it began, in quarter notes; None where this Live does not tell.

    Its signature may have changed on the way, so that its bars are no whole numbers of the present one.
    """
    try:
        now = song.get_current_beats_song_time()
        ticks = now.ticks + TICKS / SIXTEENTHS * (now.sub_division - 1)
        began = beat - (now.beats - 1) * 4 / denominator - ticks / TICKS
        number = int(now.bars)
    except Exception:
        return None, None
    # Where it is less than a tick off a sixteenth, it is the tick that is coarse.
    even = round(began * SIXTEENTHS) / SIXTEENTHS
    return number, even if abs(began - even) <= SLACK / TICKS else began
