"""The show's musical time: whose clock counts, the line that all go by, and the tempo that prompts are told.

There always is a line. Where the clock that kept it is gone, midifrag's own goes on with it, from the same place and at
the same tempo.
"""

from __future__ import annotations

import math
from dataclasses import replace

from midifrag.bridge.items import AbletonHeard, LinkHeard
from midifrag.bridge.taps import Taps
from midifrag.bridge.tempo import Tempo
from midifrag.config.midi_rules import FASTEST, SLOWEST
from midifrag.config.settings import Settings
from midifrag.events import ControlChanged, Notice, StateChange, TimeChanged
from midifrag.midi.clock_follower import ClockFollower
from midifrag.midi.clock_line import ENOUGH
from midifrag.midi.messages import Tick, TransportChange
from midifrag.states import NoticeLevel
from midifrag.timeline import Timeline

#: Who keeps the time, as a line says it; a MIDI clock is ``midi:PORT``.
INTERNAL, LINK, ABLETON, MIDI = "internal", "link", "ableton", "midi:"
#: A line that is off by less than this a bar ahead is the same one, in seconds.
SAME = 0.0005
#: Between two small corrections lie so many seconds at least.
CORRECTED_EVERY = 0.25
#: Beats a minute by which the tempo of Link or Live leaps.
LEAP = 0.5
#: Quarter notes by which Live's song leaps.
JUMP = 0.05
#: A control that has not moved for so many seconds is told anew why it sets nothing.
TURN = 2.0
#: Taps in a row from which on they tell where beats are, beside their tempo.
TELL_BEATS = 4


class Timekeeper:
    """Takes in clocks, taps and tempos; what each makes new is returned, to be published.

    ``timeline`` is the line that was told last. All times are monotonic seconds; ``now`` is when it begins.
    """

    def __init__(self, settings: Settings, now: float = 0.0) -> None:
        self._settings = settings
        self.tempo = Tempo(settings.tempo, settings.time.port)
        self.timeline = Timeline(settings.tempo, now, signature=settings.time.signature)
        self._own = self.timeline
        self._corrected = now
        self._clocks: dict[str, ClockFollower] = {}
        #: How often the clock that is followed had jumped when the line was told.
        self._jumps = 0
        self._link: LinkHeard | None = None
        self._ableton: AbletonHeard | None = None
        self._given: Timeline | None = None
        self._taps = Taps()
        #: When a control last wanted to set a tempo that is another clock's.
        self._turned = -math.inf
        #: Ports of whose clocks was said what does not count of them.
        self._said: set[str] = set()

    @property
    def bpm(self) -> int:
        """The tempo that prompts are told: whole beats a minute, and still while a clock is steady."""
        return self.tempo.bpm

    # --- what comes in -----------------------------------------------------------------------------------------------

    def feed(self, event: Tick | TransportChange) -> list[StateChange]:
        """Take in a message of a port's clock."""
        if not self._settings.time.hears_midi or event.port == self._settings.time.send:
            return []
        clock = self._clocks.get(event.port)
        if clock is None:
            clock = self._clocks[event.port] = ClockFollower(self.timeline.bpm)
        before = self.tempo.bpm
        clock.feed(event)
        self.tempo.feed(event)
        return [*self._settle(event.time, before), *self._news_of(event, clock)]

    def hear_link(self, heard: LinkHeard) -> list[StateChange]:
        """Take in how Ableton Link's session stands."""
        before, self._link = self._link, heard
        # Not each step of a tempo that is on its way.
        at_once = before is None or abs(before.bpm - heard.bpm) >= LEAP
        return self._settle(heard.at, self.tempo.bpm, at_once=at_once)

    def hear_ableton(self, heard: AbletonHeard) -> list[StateChange]:
        """Take in how Ableton Live's song stands."""
        before, self._ableton = self._ableton, heard
        at_once = before is None or not before.running or abs(before.bpm - heard.bpm) >= LEAP
        if before is not None and not at_once:
            expected = before.position + (heard.at - before.at) * before.bpm / 60
            at_once = abs(heard.position - expected) > JUMP
        return self._settle(heard.at, self.tempo.bpm, at_once=at_once)

    def tap(self, time: float) -> list[StateChange]:
        """Take in a tap, which is a quarter note of midifrag's own clock."""
        if self.timeline.source != INTERNAL:
            return [self._not_ours("taps count")]
        bpm = self._taps.tap(time)
        if bpm is None or not SLOWEST <= bpm <= FASTEST:
            return []
        self._keep(bpm, time)
        if self._taps.count >= TELL_BEATS:
            moment = self._taps.beat
            off = self._own.position_at(moment) - round(self._own.position_at(moment))
            self._own = replace(self._own, position=self._own.position - off)
        return self._settle(time, self.tempo.bpm, at_once=True)

    def turn(self, bpm: float | None, now: float) -> list[StateChange]:
        """A control sets the tempo of midifrag's own clock, or (None) gives it back to the set."""
        if self.timeline.source != INTERNAL:
            # A knob on its way says it a hundred times.
            is_news, self._turned = now - self._turned > TURN, now
            return [self._not_ours("controls set it")] if is_news else []
        self._keep(self._settings.tempo if bpm is None else bpm, now)
        return self._settle(now, self.tempo.bpm, at_once=True)

    def _not_ours(self, what: str) -> Notice:
        text = f"the tempo is that of {self.timeline.source}; {what} where midifrag's own clock keeps the time"
        return Notice(NoticeLevel.INFO, text)

    def use(self, settings: Settings, now: float) -> list[StateChange]:
        """Go by another configuration; the position stays what it is."""
        before, self._settings = self._settings, settings
        self._own = replace(self._own, signature=settings.time.signature)
        self.tempo.use(self.tempo.bpm, settings.time.port)
        changes = self._settle(now, self.tempo.bpm)
        if settings.tempo != before.tempo and self.timeline.source == INTERNAL:
            told = self.tempo.bpm
            self._keep(settings.tempo, now)
            self.tempo.tell(settings.tempo, exactly=True)
            changes += self._settle(now, told, at_once=True)
        return changes

    def follow(self, timeline: Timeline) -> list[StateChange]:
        """Go by a line that is given, as the one of a show that is played again; nothing else counts from then on."""
        self._given = timeline
        return self._settle(timeline.at, self.tempo.bpm, at_once=True)

    def look(self, now: float) -> list[StateChange]:
        """Time goes by; call a few times a second: a clock that is silent counts no more."""
        return self._settle(now, self.tempo.bpm)

    # --- whose time it is --------------------------------------------------------------------------------------------

    def _settle(self, now: float, bpm: int, *, at_once: bool = False) -> list[StateChange]:
        """See whose time counts now: what of it is news, and what prompts are told, which was ``bpm``."""
        told = self.timeline
        changes: list[StateChange] = []
        line, jumped = self._line(now)
        same = (line.source, line.running, line.signature) == (told.source, told.running, told.signature)
        if not same or jumped or self._moved(line, now, at_once=at_once):
            self._corrected = now
            self.timeline = replace(line, at=now, position=line.position_at(now))
            changes += [TimeChanged(self.timeline), *self._lost(told, now)]
        if self._given is not None or not line.source.startswith(MIDI):
            self.tempo.tell(line.bpm)
        if self.tempo.bpm != bpm:
            changes.append(ControlChanged("tempo", float(self.tempo.bpm)))
        return changes

    def _line(self, now: float) -> tuple[Timeline, bool]:
        """The line of who keeps the time now, and whether it has jumped."""
        if self._given is not None:
            return self._given, False
        port = self.tempo.followed
        clock = self._clocks.get(port) if port is not None else None
        if self._settings.time.hears_midi and clock is not None and clock.ready and clock.ticks_at(now):
            return self._line_of(f"{MIDI}{port}", clock, now)
        if self._settings.time.hears_link and self._link is not None and self._link.peers:
            return replace(
                self._own, bpm=self._link.bpm, at=self._link.at, position=self._link.beat, source=LINK
            ), False
        if self._settings.time.hears_ableton and self._ableton is not None and self._ableton.connected:
            return self._line_of_live(self._ableton, now), False
        if self.timeline.source != INTERNAL:
            self._own = replace(self.timeline, signature=self._own.signature, running=True, source=INTERNAL)
        return self._own, False

    def _line_of(self, source: str, clock: ClockFollower, now: float) -> tuple[Timeline, bool]:
        if self.timeline.source != source and not (clock.placed and clock.running):
            clock.place(self.timeline.position_at(now))
        jumped, self._jumps = clock.jumps != self._jumps, clock.jumps
        at, position = clock.moment()
        return Timeline(clock.bpm, at, position, self._own.signature, clock.running, source), jumped

    def _line_of_live(self, live: AbletonHeard, now: float) -> Timeline:
        """Live's song; while that stands still, the line goes on as it was, at its tempo and in its signature."""
        at, position = (live.at, live.position) if live.running else (now, self.timeline.position_at(now))
        return Timeline(live.bpm, at, position, live.signature, live.running, ABLETON)

    def _moved(self, line: Timeline, now: float, *, at_once: bool) -> bool:
        if not at_once and now - self._corrected < CORRECTED_EVERY:
            return False
        told = self.timeline
        ahead = told.position_at(now) + told.signature.bar
        return abs(line.moment_of(ahead) - told.moment_of(ahead)) > SAME

    def _keep(self, bpm: float, now: float) -> None:
        """Have our own clock go on at a tempo, from where it is."""
        self._own = replace(self._own, bpm=bpm, at=now, position=self._own.position_at(now))

    # --- what is told of it ------------------------------------------------------------------------------------------

    def _lost(self, before: Timeline, now: float) -> list[StateChange]:
        """What to say where a MIDI clock went that had not been stopped."""
        port = before.source.removeprefix(MIDI)
        clock = self._clocks.get(port) if before.source.startswith(MIDI) else None
        if clock is None or not before.running or not clock.running or clock.ticks_at(now):
            return []
        source, bpm = self.timeline.source, self.timeline.bpm
        who = "midifrag's own" if source == INTERNAL else source
        return [Notice(NoticeLevel.WARNING, f"the clock of {port} is gone; {who} goes on at {bpm:.1f} BPM")]

    def _news_of(self, event: Tick | TransportChange, clock: ClockFollower) -> list[StateChange]:
        """Say once of a port's clock what does not count: all of it, beside another one, or where its bars are."""
        port, followed = event.port, self.tempo.followed
        if clock.heard != ENOUGH or port in self._said:
            return []
        first = self._clocks.get(followed or "")
        if followed == port and not clock.placed:
            text = f"{port} sends a clock, but no start yet: its tempo counts, and bars go on as they were"
        elif followed != port and first is not None and first.ticks_at(event.time):
            text = (
                f"{port} sends a clock too; that of {followed} counts (time: {{source: midi:{port}}} would follow it)"
            )
        else:
            return []
        self._said.add(port)
        return [Notice(NoticeLevel.INFO, text)]
