"""Spares: takes rendered ahead of a press while the engine is idle."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from midifrag.bridge.source_book import Begin, Meant
from midifrag.config.engines import SpareSettings
from midifrag.config.lengths import needed_seconds
from midifrag.config.loras import names_place
from midifrag.config.parameter_values import LENGTHS
from midifrag.config.parameters import Preset
from midifrag.config.seeds import RANDOM
from midifrag.engine.messages import Render, Rendered
from midifrag.fragment.length import FragmentLength, MusicalLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.preparing import SHARE
from midifrag.pad_key import PadKey

#: Seconds for which another length must be wanted before spares are cut to it ahead: a tempo that moves wants many.
STEADY = 1.0

Place: TypeAlias = tuple[str, PadKey | None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a press on a pad would render now, and how its take would become a fragment; that needs no new take.

    ``preset.seconds`` are those that an engine is asked for; ``bpm`` is the tempo, where its engine hears it. ``sound``
    is what it begins from: one that has changed makes another take.
    """

    bank: str
    pad: PadKey | None
    model: str
    preset: Preset
    options: FragmentOptions = field(default=FragmentOptions(), compare=False)
    length: FragmentLength | None = field(default=None, compare=False)
    bpm: float | None = None
    sound: Meant | None = None

    @property
    def place(self) -> Place:
        """Where it belongs: bank and pad (None for a typed prompt)."""
        return self.bank, self.pad

    def serves(self, other: Wish) -> bool:
        """Whether a take that this asked for would be as good for the other one.

        That is so for other bars, beats or another tempo where it only has to be cut or stretched in another way. With
        a seed of its own, a take is as good only if an engine would make it the same.
        """
        if not (isinstance(self.length, MusicalLength) and isinstance(other.length, MusicalLength)):
            return self == other
        if _sound(self) != _sound(other):
            return False
        mine, wanted = self.preset.seconds or 0.0, other.preset.seconds or 0.0
        if self.preset.seed != RANDOM:
            return mine == wanted
        need = needed_seconds(other.length, other.options)
        if other.options.stretch:
            made = dataclasses.replace(other.length, bpm=self.length.as_made.bpm)
            need = max(need, needed_seconds(made, other.options))
        # A model that cannot render all of it makes no better take.
        return mine >= (wanted if wanted < needed_seconds(other.length, other.options) else need)

    def cut_as(self, other: Wish) -> Wish:
        """The same wish, with its take cut as the other one wants it; itself where that is as good as the same."""
        length = self.length_as(other)
        return dataclasses.replace(
            self, options=other.options, length=self.length if self.has_length(length) else length
        )

    def length_as(self, other: Wish) -> FragmentLength | None:
        """The length that the other one wants, of a take that was made for this."""
        if other.length is None and other.sound is not None:
            # What says no length is as long as the sound.
            return self.length
        return length_for(self.length, other.length)

    def has_length(self, length: FragmentLength | None) -> bool:
        """Whether its length is this one, as far as anybody hears."""
        if isinstance(length, MusicalLength) and isinstance(self.length, MusicalLength):
            return length.is_near(self.length)
        return length == self.length


def length_for(made: FragmentLength | None, wanted: FragmentLength | None) -> FragmentLength | None:
    """The length that is wanted of a sound that was made for another one."""
    if not (isinstance(made, MusicalLength) and isinstance(wanted, MusicalLength)):
        return wanted
    sound = made.as_made.bpm
    return dataclasses.replace(wanted, made_at=None if sound == wanted.bpm else sound)


def _sound(wish: Wish) -> Wish:
    """A wish without what only says how long it lasts."""
    nothing: dict[str, Any] = dict.fromkeys(LENGTHS)
    return dataclasses.replace(wish, preset=dataclasses.replace(wish.preset, **nothing))


@dataclass(frozen=True, slots=True)
class Spare:
    """A take that waits for its press, and what it begins from.

    ``started`` and ``rendered_at`` are monotonic seconds.
    """

    wish: Wish
    rendered: Rendered
    started: float
    rendered_at: float
    begin: Begin | None = None


@dataclass(slots=True)
class Coming:
    """A spare on its way. ``since`` is when it was asked for, ``started`` when the engine began; monotonic seconds."""

    wish: Wish
    render: Render
    since: float
    started: float | None = None
    begin: Begin | None = None


class SpareRack:
    """Ready spares within a budget, and those that are being rendered.

    Other banks' spares give way to the active bank's, and pads further back in the list of wishes to those before them.
    """

    def __init__(self, settings: SpareSettings) -> None:
        self.settings = settings
        self._ready: OrderedDict[Place, Spare] = OrderedDict()
        self._coming: dict[int, Coming] = {}
        #: What would fail again, and what would not fit again until another spare is gone.
        self._failing: dict[Place, Wish] = {}
        self._unfit: dict[Place, Wish] = {}
        #: What is wanted of each pad, and since when in this length; monotonic seconds.
        self._wanted: dict[Place, tuple[Wish, float]] = {}

    # --- on their way ------------------------------------------------------------------------------------------------

    @property
    def coming(self) -> tuple[Coming, ...]:
        """The spares on their way."""
        return tuple(self._coming.values())

    def expect(self, render: Render, wish: Wish, now: float, begin: Begin | None = None) -> None:
        """A spare is on its way, from what it begins."""
        self._coming[render.job] = Coming(wish, render, now, begin=begin)

    def began(self, job: int, now: float) -> None:
        """The engine has begun with a job; one that is no spare is ignored."""
        if job in self._coming:
            self._coming[job].started = now

    def forget(self, job: int) -> Coming | None:
        """A spare will not come (cancelled, lost); None for a job that is no spare."""
        return self._coming.pop(job, None)

    def failed(self, job: int) -> Coming | None:
        """A spare has failed, and will not be tried again as it is; None for a job that is no spare."""
        gone = self.forget(job)
        if gone is not None:
            self._failing[gone.wish.place] = gone.wish
        return gone

    def encourage(self, place: Place) -> None:
        """A pad was pressed: what failed for it may be tried once more."""
        self._failing.pop(place, None)

    def take_over(self, wish: Wish) -> Coming | None:
        """The spare on its way for ``wish``, which is a press from now on."""
        found = next((one for one in self.coming if one.wish.serves(wish)), None)
        return None if found is None else self.forget(found.render.job)

    def arrived(self, rendered: Rendered, now: float) -> Spare | None:
        """Keep a rendered spare; None if nobody expected it or the budget has no room for it."""
        coming = self.forget(rendered.job)
        if coming is None:
            return None
        wish = coming.wish
        self._ready[wish.place] = spare = Spare(wish, rendered, coming.started or coming.since, now, coming.begin)
        self._ready.move_to_end(wish.place)
        for place in [place for place in self._ready if place[0] != wish.bank]:
            if not self._within_budget():
                del self._ready[place]
        if self._within_budget():
            return spare
        # Not in place of another one of its bank: that one would be rendered anew, and so on for ever.
        del self._ready[wish.place]
        self._unfit[wish.place] = wish
        return None

    # --- ready -------------------------------------------------------------------------------------------------------

    def ready_for(self, wish: Wish) -> bool:
        """Whether a press for ``wish`` would land at once."""
        spare = self._ready.get(wish.place)
        return spare is not None and spare.wish.serves(wish)

    def take(self, wish: Wish) -> Spare | None:
        """The spare for a press. One with a fixed seed stays: the next press would render the same samples."""
        if not self.ready_for(wish):
            return None
        if wish.preset.seed == RANDOM:
            return self._drop(wish.place)
        self._ready.move_to_end(wish.place)
        return self._ready[wish.place]

    def next_of(self, wishes: Sequence[Wish]) -> Wish | None:
        """The first of ``wishes``, in their order, that a spare is to be rendered for."""
        for wish in wishes[: self.settings.count]:
            hopeless = wish in (self._failing.get(wish.place), self._unfit.get(wish.place))
            if not hopeless and not self.ready_for(wish):
                return wish
        return None

    def make_room(self, wishes: Sequence[Wish]) -> None:
        """Drop spares until one more may come: those of other banks, then those for the last of ``wishes``."""
        places = [wish.place for wish in wishes]
        least = [place for place in self._ready if place not in places]
        least += [place for place in reversed(places) if place in self._ready]
        for place in least[: max(0, len(self._ready) - self.settings.count + 1)]:
            self._drop(place)

    def drop_stale(self, wishes: Sequence[Wish]) -> None:
        """Drop the spares that no longer are what their pad would render; those of other banks stay."""
        current = {wish.place: wish for wish in wishes}
        banks = {wish.bank for wish in wishes}
        for place, spare in list(self._ready.items()):
            wish = current.get(place)
            if place[0] in banks and (wish is None or not spare.wish.serves(wish)):
                self._drop(place)

    def adopt_options(self, wishes: Sequence[Wish]) -> list[Spare]:
        """Keep spares whose fragments are now to be cut in another way; return them."""
        adopted = []
        for wish in wishes:
            spare = self._ready.get(wish.place)
            if spare is None or not spare.wish.serves(wish):
                continue
            cut = spare.wish.cut_as(wish)
            if (cut.options, cut.length) != (spare.wish.options, spare.wish.length):
                self._ready[wish.place] = dataclasses.replace(spare, wish=cut)
                adopted.append(self._ready[wish.place])
        return adopted

    def steady(self, wishes: Sequence[Wish], now: float) -> list[Wish]:
        """Those of ``wishes`` whose length has been wanted for a while; call it with all that there are."""
        before = self._wanted
        self._wanted = {}
        for wish in wishes:
            first, since = before.get(wish.place, (wish, now - STEADY))
            self._wanted[wish.place] = (first, since) if first.has_length(wish.length) else (wish, now)
        return [wish for wish in wishes if now - self._wanted[wish.place][1] >= STEADY]

    def clear(self) -> None:
        """Drop all ready spares; what failed may be tried again."""
        self._ready.clear()
        self._failing.clear()
        self._unfit.clear()

    def drop_with(self, places: Collection[str]) -> None:
        """Drop ready spares with LoRAs that lie at these ``places``; what failed with one may be tried again."""
        for place in [place for place, one in self._ready.items() if names_place(one.wish.preset.loras, places)]:
            self._drop(place)
        for place in [place for place, wish in self._failing.items() if names_place(wish.preset.loras, places)]:
            del self._failing[place]

    def _drop(self, place: Place) -> Spare:
        self._unfit.clear()
        return self._ready.pop(place)

    def _within_budget(self) -> bool:
        size = SHARE * sum(spare.rendered.audio.nbytes for spare in self._ready.values())
        return len(self._ready) <= self.settings.count and size <= self.settings.megabytes * 1_000_000
