"""How spares are made: asked of engines while nothing else is to do, and taken back when nobody wants them any more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from midifrag.bridge.beginnings import Beginnings
from midifrag.bridge.job_table import JobTable
from midifrag.bridge.source_book import SourceBook
from midifrag.bridge.spares import Coming, Spare, SpareRack, Wish
from midifrag.bridge.wishes import Wishes
from midifrag.clock import Clock
from midifrag.config.loras import names_place
from midifrag.engine.messages import Cancel
from midifrag.engine.protocol import Engines
from midifrag.fragment.writer_commands import Prepare, WriterCommand


class SpareMaking:
    """Has engines render what goes into ``rack``."""

    def __init__(
        self,
        rack: SpareRack,
        jobs: JobTable,
        wishes: Wishes,
        sources: SourceBook,
        beginnings: Beginnings,
        engines: Engines,
        write: Callable[[WriterCommand], None],
        clock: Clock,
    ) -> None:
        self._rack = rack
        self._jobs = jobs
        self._wishes = wishes
        self._sources = sources
        self._beginnings = beginnings
        self._engines = engines
        self._write = write
        self._clock = clock

    def top_up(self, wishes: list[Wish], ready: Collection[str]) -> None:
        """Drop what has gone stale; while nothing else is to do, render the first wish that has no spare yet.

        Only for models that are ``ready``: one that is still loading would keep the others' spares waiting.
        """
        self.cancel([one for one in self._rack.coming if not any(map(one.wish.serves, wishes))])
        self._rack.drop_stale(wishes)
        for spare in self._rack.adopt_options(self._rack.steady(wishes, self._clock.now())):
            self.prepare(spare)
        # What the others may have is not what an absent one leaves: that one's come back, and none would stay.
        first = wishes[: self._rack.settings.count]
        wish = self._rack.next_of([wish for wish in first if wish.model in ready and self._is_at_hand(wish)])
        if wish is None or self._jobs.pending() or self._jobs.landing() or self._rack.coming:
            return
        self._rack.make_room(wishes)
        begun_with = self._beginnings.of_spare(wish)
        if begun_with is None:
            # Its press will say why.
            return
        wish, preset, begin = begun_with
        render = self._wishes.render(self._jobs.next_number(), preset, spare=True, begin=begin)
        self._rack.expect(render, wish, self._clock.now(), begin)
        self._engines.send(wish.model, render)

    def drop(self) -> None:
        """Drop ready spares and those on their way."""
        self.cancel(self._rack.coming)
        self._rack.clear()

    def drop_with(self, places: Collection[str]) -> None:
        """Drop those with LoRAs that lie at these places, ready and on their way."""
        self.cancel([one for one in self._rack.coming if names_place(one.wish.preset.loras, places)])
        self._rack.drop_with(places)

    def cancel(self, coming: Iterable[Coming]) -> None:
        """Have engines drop these."""
        for one in coming:
            self._rack.forget(one.render.job)
            self._engines.send(one.wish.model, Cancel(one.render.job))

    def prepare(self, spare: Spare) -> None:
        """Have its fragment made ahead."""
        take, wish = spare.rendered, spare.wish
        self._write(Prepare(take.audio, take.sample_rate, wish.options, wish.length))

    def _is_at_hand(self, wish: Wish) -> bool:
        """Whether a spare for a wish can begin; the sound that it begins from is read if need be."""
        return wish.sound is None or self._rack.ready_for(wish) or self._sources.ahead(wish.sound) is not None
