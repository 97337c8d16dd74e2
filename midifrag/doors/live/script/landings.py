"""What has landed in midifrag and is to come into Live: at most one a tick, the newest of each slot, none lost.

What Live refuses is tried again until it is taken or overtaken; what an object had is given to the one that follows it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Callable, Collection, NamedTuple

from . import clips, simpler
from .messages import Land, Message, Options, Target, told
from .objects import Objects, SimplerItem, Standing, TrackItem, is_alive
from .ways import Choice, Fails, Waits, choose

if TYPE_CHECKING:
    from Live.Clip import Clip, WarpMarker
    from Live.Song import Song

#: Slots whose landing one tick asks after at most, until it does one.
TRIES_A_TICK = 4
#: Seconds until what Live has refused is tried again: the first time, and at most; each time twice the last.
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 8.0
#: No connection: nobody is told of it.
NOBODY = -1


class Pending(NamedTuple):
    """One that waits: ``life`` is the connection it came by, ``look`` the first look at the whole Set after that.

    What Live has refused is not tried again before ``due``, ``pause`` after the last time.
    """

    land: Land
    life: int
    look: int
    told: str = ""
    due: float = 0.0
    pause: float = 0.0


class Refused(NamedTuple):
    """Live has not taken it this time, and why."""

    text: str


class Done(NamedTuple):
    """It is in Live: which way, in what, and where. ``scene`` counts from 0."""

    way: str
    thing: Any
    where: str
    scene: int | None = None


class Landings:
    """``send`` takes what is told to midifrag, ``say`` a level and a text, ``made`` a slot and its new clip.

    ``marker`` makes a warp marker of seconds and beats, ``has`` is what this Live can do, ``clock`` tells seconds.
    """

    def __init__(
        self,
        song: Callable[[], Song],
        objects: Objects,
        send: Callable[[Message], None],
        say: Callable[[str, str], None],
        marker: Callable[[float, float], WarpMarker],
        has: Collection[str],
        made: Callable[[int, Clip], None],
        clock: Callable[[], float],
    ) -> None:
        self._clock = clock
        self._made = made
        self._has = has
        self._song = song
        self._objects = objects
        self._send = send
        self._say = say
        self._marker = marker
        self._pending: OrderedDict[int, Pending] = OrderedDict()
        self._said: set[str] = set()
        #: The names of all files that have been given, by whichever connection.
        self._given: set[str] = set()
        #: What each slot was given last, and the object that has it.
        self._last: dict[int, tuple[Land, Any]] = {}
        self._looked = 0
        self.targets: dict[int, Target] = {}
        self.options = Options(fire=False, start_transport=False, occupied="wait")
        #: The scene of each slot's newest clip, from 0.
        self.scenes: dict[int, int] = {}

    def add(self, land: Land, life: int) -> None:
        """Let it wait for its turn, in the stead of an older one of its slot."""
        self._given.add(simpler.base_name(land.path))
        before = self._pending.get(land.slot)
        if before is not None and before.land.path == land.path:
            # One that waited while midifrag was away has not come yet, and is still to be fired.
            land = land._replace(again=land.again and before.land.again)
        self._pending[land.slot] = Pending(land, life, self._objects.begun + 1)
        if land.slot not in self._objects.standing:
            self._objects.look()

    def step(self, life: int) -> None:
        """One tick's turn: do one, or none."""
        if self._looked != self._objects.done:
            self._looked = self._objects.done
            self._give_anew()
        now = self._clock()
        for slot in [slot for slot, one in self._pending.items() if one.due <= now][:TRIES_A_TICK]:
            pending = self._pending[slot]
            outcome = self._outcome(pending)
            if isinstance(outcome, Waits):
                self._wait(pending, outcome.text, life)
                continue
            if isinstance(outcome, Refused):
                self._put_off(pending, outcome.text, life)
                return
            del self._pending[slot]
            if isinstance(outcome, Done):
                self._have(pending, outcome, life)
            else:
                self._answer(pending, life, {"type": "failed", "text": told(outcome.text)})
            return

    def _have(self, pending: Pending, done: Done, life: int) -> None:
        slot = pending.land.slot
        self._last[slot] = pending.land, done.thing
        self._objects.has_landed(slot, pending.land.path)
        if done.scene is not None:
            self.scenes[slot] = done.scene
        self._answer(pending, life, {"type": "landed", "way": done.way, "where": done.where})

    def _give_anew(self) -> None:
        """What a slot was given last is for its object of now: another one may stand for it since."""
        for slot, (land, thing) in self._last.items():
            target, standing = self.targets.get(slot), self._objects.standing.get(slot)
            if slot in self._pending or target is None or standing is None:
                continue
            choice = choose(slot, target, standing, self._has)
            if isinstance(choice, Choice) and choice.item.thing != thing:
                self._pending[slot] = Pending(land._replace(again=True), NOBODY, self._objects.begun)

    def _put_off(self, pending: Pending, text: str, life: int) -> None:
        """Until it is tried again; that is told once, whatever else Live says of it later."""
        slot = pending.land.slot
        if not pending.pause:
            self._wait(pending, text, life)
            if pending.life == NOBODY:
                self._say("warning", f"slot {slot}: {text}")
        pause = min(max(2 * pending.pause, FIRST_PAUSE), LONGEST_PAUSE)
        self._pending[slot] = self._pending[slot]._replace(due=self._clock() + pause, pause=pause)

    def _wait(self, pending: Pending, text: str, life: int) -> None:
        slot = pending.land.slot
        if text and text != pending.told:
            self._answer(pending, life, {"type": "waiting", "text": told(text)})
            self._pending[slot] = pending._replace(told=text)
        self._pending.move_to_end(slot)

    def _answer(self, pending: Pending, life: int, message: Message) -> None:
        # Numbers are those of one midifrag: another one has never heard of them.
        if pending.life == life:
            self._send(dict(message, serial=pending.land.serial, slot=pending.land.slot))

    def _outcome(self, pending: Pending) -> Done | Waits | Refused | Fails:
        land = pending.land
        target = self.targets.get(land.slot)
        if target is None:
            return Fails(f"the set has no slot {land.slot} any more")
        standing = self._objects.standing.get(land.slot, Standing())
        try:
            return self._try(land, target, standing, pending.look)
        except Exception as error:
            gone = [words for thing, words in standing.things() if not is_alive(thing)]
            if gone:
                self._objects.forget(land.slot, f"what stood for slot {land.slot} in Live, {gone[0]}, was deleted")
                return Waits("")
            return Refused(f"Live refuses {told(land.name)}: {told(error)}; it is tried again")

    def _try(self, land: Land, target: Target, standing: Standing, look: int) -> Done | Waits | Fails:
        choice = choose(land.slot, target, standing, self._has)
        if isinstance(choice, Waits):
            # It may be there since the last look.
            return choice if self._objects.done >= look else Waits("")
        if isinstance(choice, Fails):
            return choice
        self._say_once(choice.remark)
        if isinstance(choice.item, SimplerItem):
            simpler.put(choice.item, land)
            return Done("simpler", choice.item.thing, choice.item.words)
        return self._clip(choice.item, land, target)

    def _clip(self, item: TrackItem, land: Land, target: Target) -> Done | Waits:
        song = self._song()
        if land.again:
            scene = clips.scene_with(item, target.scene, land.path)
            if scene is not None:
                return Done("clip", item.thing, _where(item, scene), scene)
        place = clips.place_for(item, target.scene, land, self._given, self.options, song)
        if isinstance(place, Waits):
            return place
        if place.passed:
            self._say_once(f"{item.words} has clips that are not midifrag's; they stay, and scenes below them are used")
        clip, troubles = clips.put(place, land, song, self._marker)
        self._made(land.slot, clip)
        for trouble in troubles:
            self._say("warning", f"slot {land.slot}: {trouble}")
        if self.options.fire and not land.again:
            self._fire(place, land, song)
        return Done("clip", item.thing, _where(item, place.scene), place.scene)

    def _fire(self, place: clips.Place, land: Land, song: Song) -> None:
        if not song.is_playing and not self.options.start_transport:
            return
        try:
            place.slot.fire()
        except Exception as error:
            self._say("warning", f"slot {land.slot}: Live does not fire its clip: {told(error)}")

    def _say_once(self, text: str) -> None:
        if text and text not in self._said:
            self._said.add(text)
            self._say("warning", text)


def _where(item: TrackItem, scene: int) -> str:
    return f"{item.words[:180]} / scene {scene + 1}"
