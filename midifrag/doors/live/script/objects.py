"""What stands in Live for each slot: found by name or note, remembered, and missed when it goes.

Live tells nothing of what is deleted, and a Simpler takes its sample's name. So the whole Set is looked through again
and again, a few things a tick, and what was found once is kept as long as it lives.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Iterator, NamedTuple

from .messages import MOST_NAME, Target, told

if TYPE_CHECKING:
    from Live.SimplerDevice import SimplerDevice
    from Live.Song import Song
    from Live.Track import Track

#: Things of the Set that one tick looks at.
STEPS_A_TICK = 12
#: Seconds between two looks.
LOOK_EVERY = 1.0
#: Racks in racks that are looked into.
DEEPEST = 8
#: Characters for each slot where all are told in one line: 99 of them fit.
MOST_WORDS = 50
#: Seconds after a landing in which a name that has changed was changed by it.
RENAMES_ITSELF = 2.0

SIMPLER = "OriginalSimpler"


class SimplerItem(NamedTuple):
    """A Simpler: ``holders`` are what it can be called by, from its track inwards, ``notes`` those of pads it is in."""

    simpler: SimplerDevice
    holders: tuple[Any, ...]
    names: tuple[str, ...]
    notes: frozenset[int]

    @property
    def thing(self) -> Any:
        """What is given a fragment, and may be deleted."""
        return self.simpler

    @property
    def words(self) -> str:
        """Where it is, for people: at most `MOST_NAME` characters."""
        return told(" / ".join([*self.names[:-1], "Simpler"]), MOST_NAME)


class TrackItem(NamedTuple):
    """An audio track."""

    track: Track
    name: str

    @property
    def thing(self) -> Any:
        """What is given a fragment, and may be deleted."""
        return self.track

    @property
    def words(self) -> str:
        """Where it is, for people: at most `MOST_NAME` characters."""
        return told(self.name, MOST_NAME)


class Standing(NamedTuple):
    """What stands for one slot, each way; with neither it stands for nothing."""

    simpler: SimplerItem | None = None
    audio: TrackItem | None = None

    @property
    def words(self) -> str:
        """The first of the two, for people; empty for nothing."""
        return self.simpler.words if self.simpler else self.audio.words if self.audio else ""

    def things(self) -> list[tuple[Any, str]]:
        """Each with its words."""
        simpler = [(self.simpler.simpler, self.simpler.words)] if self.simpler else []
        return simpler + ([(self.audio.track, self.audio.words)] if self.audio else [])


def folded(name: str) -> str:
    """As names are compared: without case and outer blanks."""
    return name.strip().casefold()


def is_alive(thing: Any) -> bool:
    """Whether ``thing`` has not been deleted: what was, raises at every touch."""
    try:
        return bool(thing != None) and isinstance(thing.name, str)  # noqa: E711 — only `!=` asks Live
    except Exception:
        return False


def walk(song: Song) -> Iterator[Any]:
    """All `TrackItem` and `SimplerItem` of the Set, in Live's order, and None for each other thing looked at."""
    for track in song.tracks:
        yield TrackItem(track, track.name) if track.has_audio_input and not track.is_foldable else None
        yield from _devices(track, (track,), frozenset(), 0)


def _devices(holder: Any, holders: tuple[Any, ...], notes: frozenset[int], depth: int) -> Iterator[Any]:
    for device in holder.devices:
        if device.class_name == SIMPLER:
            all_holders = (*holders, device)
            yield SimplerItem(device, all_holders, tuple(one.name for one in all_holders), notes)
            continue
        yield None
        if not device.can_have_chains or depth >= DEEPEST:
            continue
        if device.can_have_drum_pads and device.has_drum_pads:
            for pad in device.drum_pads:
                yield None
                for chain in pad.chains:
                    for found in _devices(chain, (*holders, chain), notes | {pad.note}, depth + 1):
                        yield found
        else:
            for chain in device.chains:
                for found in _devices(chain, (*holders, chain), notes, depth + 1):
                    yield found


class Wanted:
    """The slots' targets, so laid out that most things of a Set are told apart from them by one look."""

    def __init__(self, targets: dict[int, Target]) -> None:
        self._targets = targets
        self._by_name: dict[str, set[int]] = {}
        self._by_note: dict[int, set[int]] = {}
        self._by_track: dict[str, set[int]] = {}
        self._tracks: dict[str, set[int]] = {}
        for slot, target in targets.items():
            if target.name is not None:
                self._by_name.setdefault(folded(target.name), set()).add(slot)
            elif target.note is not None:
                self._by_note.setdefault(target.note, set()).add(slot)
            elif target.track is not None:
                self._by_track.setdefault(folded(target.track), set()).add(slot)
            # A note means a drum pad, and those have no clips.
            track = target.track if target.name is None and target.note is None else target.name
            if track is not None:
                self._tracks.setdefault(folded(track), set()).add(slot)

    def of_track(self, item: TrackItem) -> set[int]:
        """The slots whose clips belong there."""
        return self._tracks.get(folded(item.name), set())

    def of_simpler(self, item: SimplerItem) -> set[int]:
        """The slots that it stands for by name, note and track, as far as each is said."""
        slots = set(self._by_track.get(folded(item.names[0]), ()))
        for name in item.names:
            slots |= self._by_name.get(folded(name), set())
        for note in item.notes:
            slots |= self._by_note.get(note, set())
        return {slot for slot in slots if self._is_there(self._targets[slot], item)}

    def _is_there(self, target: Target, item: SimplerItem) -> bool:
        is_note = target.note is None or target.note in item.notes
        return is_note and (target.track is None or folded(target.track) == folded(item.names[0]))


class Objects:
    """Looks, and remembers. ``say`` takes a level and a text, ``clock`` tells seconds."""

    def __init__(self, song: Callable[[], Song], say: Callable[[str, str], None], clock: Callable[[], float]) -> None:
        self._song = song
        self._say = say
        self._clock = clock
        self._targets: dict[int, Target] = {}
        self._wanted = Wanted({})
        self._look: Iterator[Any] | None = None
        self._found: dict[int, Standing] = {}
        self._due = clock()
        self._is_asked = False
        self._next_slot = 0
        self._landed: dict[int, tuple[float, str]] = {}
        self._renamed: set[int] = set()
        #: What stands for each slot; slots with nothing are not in it.
        self.standing: dict[int, Standing] = {}
        #: Counts the looks that have begun, and tells the last that came to its end.
        self.begun = 0
        self.done = 0

    def set_targets(self, targets: dict[int, Target]) -> None:
        """Look for ``targets``; what stood for a target that has changed is forgotten."""
        for slot in list(self.standing):
            if targets.get(slot) != self._targets.get(slot):
                self.standing.pop(slot)
                self._renamed.discard(slot)
        self._targets = targets
        self._wanted = Wanted(targets)
        self._look = None
        self.look()

    def look(self) -> None:
        """Soon, but to the end of a look that is underway: who asks often would see none of them end."""
        self._is_asked = True

    def has_landed(self, slot: int, path: str) -> None:
        """What holds its Simpler may take the new sample's name now: it gets back the one that it is found by."""
        self._landed[slot] = (self._clock(), Path(path).stem)
        self._keep_name(slot)

    def step(self) -> None:
        """One tick's turn: some more things of the Set, and one slot's object, whether it lives."""
        self._check_one()
        if self._look is None:
            if not self._targets or (self._clock() < self._due and not self._is_asked):
                return
            self._is_asked = False
            self._look = walk(self._song())
            self._found = {}
            self.begun += 1
        try:
            for _ in range(STEPS_A_TICK):
                self._take(next(self._look))
        except StopIteration:
            self._finish()
        except Exception:
            # Something was deleted under our eyes: what there is now is for the next look.
            self._look = None
            self._due = self._clock() + LOOK_EVERY / 10

    def _take(self, item: Any) -> None:
        if isinstance(item, SimplerItem):
            for slot in self._wanted.of_simpler(item):
                found = self._found.get(slot, Standing())
                self._found[slot] = found._replace(simpler=found.simpler or item)
        elif isinstance(item, TrackItem):
            for slot in self._wanted.of_track(item):
                found = self._found.get(slot, Standing())
                self._found[slot] = found._replace(audio=found.audio or item)

    def _finish(self) -> None:
        self._look = None
        self._due = self._clock() + LOOK_EVERY
        self.done = self.begun
        for slot in self._targets:
            found = self._found.get(slot)
            if found is not None:
                self.standing[slot] = found
                self._renamed.discard(slot)
            elif slot in self.standing and slot not in self._renamed:
                # It stays until there is another by that name, or it is deleted.
                self._renamed.add(slot)
                self._tell_renamed(slot)

    def _check_one(self) -> None:
        if not self.standing:
            return
        slots = sorted(self.standing)
        slot = slots[self._next_slot % len(slots)]
        self._next_slot += 1
        standing = self.standing[slot]
        self._keep_name(slot)
        for thing, words in standing.things():
            if not is_alive(thing):
                self.forget(slot, f"what stood for slot {slot} in Live, {words}, was deleted")
                return

    def forget(self, slot: int, why: str) -> None:
        """Its object is gone: say ``why``, and look for another one."""
        if self.standing.pop(slot, None) is not None:
            self._renamed.discard(slot)
            self._say("warning", why)
        self.look()

    def _keep_name(self, slot: int) -> None:
        """A Simpler, and a chain called after it, take a new sample's name; the one it is found by is given back."""
        item = self.standing.get(slot, Standing()).simpler
        target = self._targets.get(slot)
        landed_at, sample = self._landed.get(slot, (float("-inf"), ""))
        if item is None or target is None or target.name is None or self._clock() - landed_at > RENAMES_ITSELF:
            return
        for holder, name in zip(item.holders, item.names):
            if folded(name) != folded(target.name):
                continue
            try:
                # Another name than the sample's is a performer's.
                if holder.name != name and sample in holder.name:
                    holder.name = name
            except Exception as error:
                self._say("warning", f"Live does not give {told(name)} its name back: {told(error)}")

    def _tell_renamed(self, slot: int) -> None:
        target = self._targets[slot]
        wanted = told(target.name or target.track or f"note {target.note}")
        words = self.standing[slot].words
        still = f"slot {slot} stays with what was, {words}"
        self._say("warning", f"nothing in Live is called {wanted} any more: {still}")

    def described(self) -> dict[str, str]:
        """What stands for each slot, for the wire."""
        return {str(slot): told(standing.words, MOST_WORDS) for slot, standing in sorted(self.standing.items())}
