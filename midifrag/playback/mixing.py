"""What happens when the audio device asks for a block: commands are taken, voices begin, sound, replace and end.

Plain Python for tests, machine code for the device (`midifrag.playback.native`): it neither allocates nor locks, and
needs no interpreter.
"""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from midifrag.playback.barrier import fence
from midifrag.playback.limiter import limit
from midifrag.playback.memory import (
    CHUNK,
    COMMANDS,
    EVENTS,
    PENDING,
    SOUNDING_VOICES,
    TIMES,
    UNIT,
    Command,
    Event,
    Happened,
    Head,
    Kind,
    Single,
    State,
    Voice,
    VoiceState,
    Whole,
)

#: PortAudio's flag for a device that ran out of samples before this block.
UNDERFLOW = 4
_ZERO, _ONE, _HALF = np.float32(0), np.float32(1), np.float32(0.5)


@register_jitable
def process(state: State, out: Single, now: int, flags: int) -> None:
    """Fill ``out``, of shape (frames, channels), at ``now`` in monotonic nanoseconds."""
    frames = out.shape[0]
    _note_time(state, frames, now, flags)
    _take_commands(state)
    begun = 0
    while begun < frames:
        count = min(CHUNK, frames - begun)
        _begin_due(state, count)
        _mix(state, count)
        limit(state, out, begun, count)
        state.head[Head.FRAME] += count
        begun += count
    _show_peaks(state, frames)
    fence()
    state.head[Head.CALLS] += 1


@register_jitable
def _note_time(state: State, frames: int, now: int, flags: int) -> None:
    head = state.head
    place = state.times[head[Head.CALLS] % TIMES]
    place[0], place[1] = head[Head.FRAME], now
    before, period = head[Head.LAST_TIME], head[Head.LAST_FRAMES] * 1_000_000_000 // head[Head.RATE]
    late = before > 0 and now - before > 2 * period
    if late:
        head[Head.LATE] += 1
    if late or (before > 0 and (flags & UNDERFLOW) != 0):
        head[Head.UNDERRUNS] += 1
    head[Head.LAST_TIME], head[Head.LAST_FRAMES] = now, frames


@register_jitable
def _take_commands(state: State) -> None:
    for _ in range(COMMANDS):
        number = state.head[Head.COMMANDS_TAKEN]
        row = state.commands[number % COMMANDS]
        total = np.int64(0)
        for at in range(Command.SUM):
            total += row[at]
        if row[Command.NUMBER] != number + 1 or row[Command.SUM] != total:
            return
        _obey(state, row)
        fence()
        state.head[Head.COMMANDS_TAKEN] = number + 1


@register_jitable
def _obey(state: State, row: Whole) -> None:
    slots = state.head[Head.SLOTS]
    first, last = row[Command.SLOT], row[Command.SLOT] + 1
    if first < 0:
        first, last = 0, slots
    kind = row[Command.KIND]
    if kind == Kind.START:
        _take_in(state, first, row)
    elif kind == Kind.STOP:
        for slot in range(first, last):
            for which in range(SOUNDING_VOICES):
                voice = state.voices[slot, which]
                if row[Command.SERIAL] == 0 or row[Command.SERIAL] == voice[Voice.SERIAL]:
                    _cut(voice, max(row[Command.FRAME], state.head[Head.FRAME]))
    elif kind == Kind.FORGET:
        for slot in range(first, last):
            if row[Command.SERIAL] == 0 or row[Command.SERIAL] == state.voices[slot, PENDING, Voice.SERIAL]:
                _forget(state, slot)
    elif kind == Kind.GAIN:
        place = state.gains[slots if row[Command.SLOT] < 0 else first]
        place[0] = np.float32(row[Command.LEFT] / UNIT)
        place[1] = np.float32(row[Command.RIGHT] / UNIT)


@register_jitable
def _take_in(state: State, slot: int, row: Whole) -> None:
    """Let a voice wait in its slot, instead of the one that waits there; not where its fragment sounds already.

    Whoever moves a start cannot know whether it has just come: it must not sound twice.
    """
    if row[Command.JOB] > 0 and row[Command.GOES_ON] == 0:
        for elsewhere in range(state.head[Head.SLOTS]):
            for which in range(SOUNDING_VOICES):
                voice = state.voices[elsewhere, which]
                if voice[Voice.STATE] != VoiceState.OFF and voice[Voice.JOB] == row[Command.JOB]:
                    _tell(state, Happened.FORGOTTEN, slot, row[Command.SERIAL], 0, state.head[Head.FRAME])
                    return
    _forget(state, slot)
    _put_waiting(state.voices[slot, PENDING], row)


@register_jitable
def _forget(state: State, slot: int) -> None:
    """Let what waits in a slot not begin."""
    waiting = state.voices[slot, PENDING]
    if waiting[Voice.STATE] == VoiceState.WAITING:
        waiting[Voice.STATE] = VoiceState.OFF
        _tell(state, Happened.FORGOTTEN, slot, waiting[Voice.SERIAL], waiting[Voice.POSITION], state.head[Head.FRAME])


@register_jitable
def _put_waiting(voice: Whole, row: Whole) -> None:
    voice[Voice.SERIAL] = row[Command.SERIAL]
    voice[Voice.OFFSET] = row[Command.OFFSET]
    voice[Voice.LENGTH] = row[Command.LENGTH]
    voice[Voice.POSITION] = row[Command.POSITION]
    voice[Voice.LOOP] = row[Command.LOOP]
    voice[Voice.START] = row[Command.FRAME]
    voice[Voice.CHOKE] = row[Command.CHOKE]
    voice[Voice.LEVEL] = row[Command.LEFT]
    voice[Voice.JOB] = row[Command.JOB]
    voice[Voice.STATE] = VoiceState.WAITING


@register_jitable
def _cut(voice: Whole, frame: int) -> None:
    """Have a voice that sounds fade out from ``frame`` on, or from earlier if that was said before."""
    if voice[Voice.STATE] == VoiceState.SOUNDING and (voice[Voice.CUT] < 0 or voice[Voice.CUT] > frame):
        voice[Voice.CUT] = frame


@register_jitable
def _begin_due(state: State, count: int) -> None:
    """Let the waiting voices whose frame lies in this block begin, and those that they replace or choke end there."""
    now = state.head[Head.FRAME]
    for slot in range(state.head[Head.SLOTS]):
        waiting = state.voices[slot, PENDING]
        if waiting[Voice.STATE] != VoiceState.WAITING or waiting[Voice.START] >= now + count:
            continue
        free = -1
        for which in range(SOUNDING_VOICES):
            if state.voices[slot, which, Voice.STATE] == VoiceState.OFF:
                free = which
        # Both are busy for the few milliseconds of a crossfade: then it waits for the end of that.
        if free >= 0:
            _begin(state, slot, state.voices[slot, free], state.voices[slot, 1 - free])


@register_jitable
def _begin(state: State, slot: int, voice: Whole, other: Whole) -> None:
    head = state.head
    now, fade = head[Head.FRAME], head[Head.FADE]
    waiting = state.voices[slot, PENDING]
    for at in range(waiting.shape[0]):
        voice[at] = waiting[at]
    waiting[Voice.STATE] = VoiceState.OFF
    late = now - voice[Voice.START] if voice[Voice.START] >= 0 else 0
    if voice[Voice.START] < now:
        voice[Voice.START] = now
    if late > 0:
        head[Head.BELATED] += 1
        if voice[Voice.LOOP] != 0:
            voice[Voice.POSITION] = (voice[Voice.POSITION] + late) % voice[Voice.LENGTH]
    # A sound that begins by itself has a beginning of its own; what comes in from elsewhere must not click.
    replaces = other[Voice.STATE] != VoiceState.OFF
    softly = replaces or voice[Voice.LOOP] != 0 or voice[Voice.POSITION] > 0
    voice[Voice.FADE] = 0 if softly else fade
    voice[Voice.CUT] = -1
    voice[Voice.STATE] = VoiceState.SOUNDING
    _cut(other, voice[Voice.START])
    if voice[Voice.CHOKE] > 0:
        for elsewhere in range(head[Head.SLOTS]):
            for which in range(SOUNDING_VOICES):
                one = state.voices[elsewhere, which]
                if elsewhere != slot and one[Voice.CHOKE] == voice[Voice.CHOKE]:
                    _cut(one, voice[Voice.START])
    _tell(state, Happened.BEGAN, slot, voice[Voice.SERIAL], voice[Voice.POSITION], voice[Voice.START])


@register_jitable
def _tell(state: State, kind: int, slot: int, serial: int, position: int, frame: int) -> None:
    number = state.head[Head.EVENTS_TOLD]
    row = state.events[number % EVENTS]
    row[Event.KIND], row[Event.SLOT], row[Event.SERIAL] = kind, slot, serial
    row[Event.FRAME], row[Event.POSITION], row[Event.NUMBER] = frame, position, number + 1
    total = np.int64(0)
    for at in range(Event.SUM):
        total += row[at]
    row[Event.SUM] = total
    fence()
    state.head[Head.EVENTS_TOLD] = number + 1


@register_jitable
def _mix(state: State, count: int) -> None:
    head, gains = state.head, state.gains
    for at in range(count):
        for channel in range(head[Head.CHANNELS]):
            state.mix[at, channel] = _ZERO
    for slot in range(head[Head.SLOTS]):
        for which in range(SOUNDING_VOICES):
            if state.voices[slot, which, Voice.STATE] != VoiceState.OFF:
                _add(state, slot, state.voices[slot, which], count)
        gains[slot, 2], gains[slot, 3] = gains[slot, 0], gains[slot, 1]


@register_jitable
def _add(state: State, slot: int, voice: Whole, count: int) -> None:
    """Add a voice to the mix, up to its end, or to that of its fade."""
    first, fade = state.head[Head.FRAME], state.head[Head.FADE]
    left_channel, right_channel = state.routes[slot, 0], state.routes[slot, 1]
    gains, peak = state.gains[slot], state.peaks[slot, 0]
    left_step = (gains[0] - gains[2]) / np.float32(count)
    right_step = (gains[1] - gains[3]) / np.float32(count)
    level, part = np.float32(voice[Voice.LEVEL] / UNIT), _ONE / np.float32(fade)
    offset, length, position, height = (
        voice[Voice.OFFSET],
        voice[Voice.LENGTH],
        voice[Voice.POSITION],
        voice[Voice.FADE],
    )
    for at in range(max(0, voice[Voice.START] - first), count):
        if voice[Voice.STATE] == VoiceState.SOUNDING and 0 <= voice[Voice.CUT] <= first + at:
            voice[Voice.STATE] = VoiceState.FALLING
        if voice[Voice.STATE] == VoiceState.FALLING:
            height -= 1
        elif height < fade:
            height += 1
        gain = level if height >= fade else level * np.float32(height) * part
        left = state.audio[offset + position, 0] * gain * (gains[2] + left_step * np.float32(at + 1))
        right = state.audio[offset + position, 1] * gain * (gains[3] + right_step * np.float32(at + 1))
        peak = max(peak, abs(left), abs(right))
        if right_channel < 0:
            state.mix[at, left_channel] += (left + right) * _HALF
        else:
            state.mix[at, left_channel] += left
            state.mix[at, right_channel] += right
        position += 1
        if position == length and voice[Voice.LOOP] != 0:
            position = 0
        if position == length or (voice[Voice.STATE] == VoiceState.FALLING and height <= 0):
            voice[Voice.STATE] = VoiceState.OFF
            _tell(state, Happened.ENDED, slot, voice[Voice.SERIAL], position, first + at + 1)
            break
    voice[Voice.POSITION], voice[Voice.FADE] = position, height
    state.peaks[slot, 0] = peak


@register_jitable
def _show_peaks(state: State, frames: int) -> None:
    """Ten times a second, show the peaks since the last time."""
    head = state.head
    head[Head.METERED] += frames
    if head[Head.METERED] * 10 < head[Head.RATE]:
        return
    head[Head.METERED] = 0
    for row in range(head[Head.SLOTS] + 1):
        state.peaks[row, 1] = state.peaks[row, 0]
        state.peaks[row, 0] = _ZERO
    fence()
    head[Head.METERS_SHOWN] += 1
