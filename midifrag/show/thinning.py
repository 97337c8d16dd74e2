"""What of a show's events is news to its log: a knob's positions and a render's steps come by the thousand."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import TypeAlias

from midifrag.events import BankChanged, ControlChanged, JobChanged, Meters, PadChanged, TimeChanged
from midifrag.intents import SetParameter
from midifrag.midi.messages import Aftertouch, ControlChange, Nrpn, PitchBend
from midifrag.timeline import Timeline

#: Seconds between two logged positions of a control that is on its way.
POSITIONS_EVERY = 0.1
#: Seconds that musical time is off by the next bar before another line of it is logged.
FAR = 0.005
#: An event, and when it was, in seconds since 1970.
Entry: TypeAlias = tuple[float, object]


class Thinning:
    """Keeps positions back for a newer one, and leaves out what says what was said before; order stays."""

    def __init__(self) -> None:
        self._positions: dict[Hashable, Entry] = {}
        self._jobs: dict[int, Hashable] = {}
        self._pads: dict[Hashable, Hashable] = {}
        self._line: Timeline | None = None

    @property
    def waits(self) -> bool:
        """Whether a position is kept back."""
        return bool(self._positions)

    def take(self, at: float, event: object, position: bool = False) -> Iterator[Entry]:
        """Take in an event: what is to be logged now."""
        if position or isinstance(event, ControlChanged):
            key = _place(event)
            # Behind the others, as it is the newest.
            self._positions.pop(key, None)
            self._positions[key] = (at, event)
        elif self._is_news(event):
            yield from self.rest()
            yield at, event

    def rest(self) -> Iterator[Entry]:
        """All positions that were kept back, in their order."""
        positions, self._positions = self._positions, {}
        yield from positions.values()

    def _is_news(self, event: object) -> bool:
        match event:
            case JobChanged(job, state=state, text=text):
                shows = (state, text, event.bar)
                said = self._jobs.pop(job, None)
                if not state.ended:
                    self._jobs[job] = shows
                return said != shows
            case PadChanged():
                return self._shows_more(event)
            case BankChanged(pads=pads):
                # It says of all of its pads what they show now.
                for pad in pads:
                    self._shows_more(pad)
                return True
            case TimeChanged(timeline):
                return self._is_other_line(timeline)
            case Meters():
                return False
            case _:
                return True

    def _is_other_line(self, line: Timeline) -> bool:
        """Whether it is another one than what was logged last, or far enough from it by now."""
        said = self._line
        if said is not None and replace(line, bpm=said.bpm, at=said.at, position=said.position) == said:
            ahead = line.at + line.seconds(line.signature.bar)
            if abs(line.seconds(line.position_at(ahead) - said.position_at(ahead))) < FAR:
                return False
        self._line = line
        return True

    def _shows_more(self, pad: PadChanged) -> bool:
        place, shows = (pad.bank, pad.pad), (pad.state, pad.job, pad.text)
        said = self._pads.get(place)
        self._pads[place] = shows
        return said != shows


def _place(event: object) -> Hashable:
    match event:
        case ControlChange(port, channel, cc):
            return port, channel, cc
        case Nrpn(port, channel, number):
            return port, channel, "nrpn", number
        case PitchBend(port, channel):
            return port, channel, "bend"
        case Aftertouch(port, channel, note=note):
            return port, channel, "aftertouch", note
        case ControlChanged(name):
            return name, event.bank, event.pad, event.performer
        case SetParameter(name):
            return "set", name
        case _:
            return type(event).__name__
