"""Engines of which not all are in memory: which are loaded, which go, and what becomes of what was asked meanwhile."""

from collections import deque
from dataclasses import replace

import pytest

from midifrag.engine import messages as engine
from midifrag.serving.shelf import Shelf
from midifrag.serving.shelved_pool import ShelvedPool
from tests.serving.asking import asked, take
from tests.serving.puppet import INFO, Puppet, until


class Room:
    """A pool whose owner is the test: what engines say is taken in when `settle` is called."""

    def __init__(self, sizes, room):
        self.puppets, self.resting, self._later = {}, [], deque()
        self.events = []
        self.pool = ShelvedPool(
            self._create, lambda *event: self._later.append(lambda: self._take(*event)), Shelf(sizes, room),
            self._later.append, self.resting.append,
        )  # fmt: skip
        self.pool.start(sizes)

    def _create(self, model):
        self.puppets.setdefault(model, []).append(Puppet(ready=False))
        return self.puppets[model][-1]

    def _take(self, model, event):
        if self.pool.note(model, event):
            self.events.append((model, event))

    def settle(self):
        while self._later:
            self._later.popleft()()

    def say(self, model, event, nth=-1):
        """Have an engine say something, and wait until the pool has taken it in."""
        puppet = self.puppets[model][nth]
        until(lambda: hasattr(puppet, "say"))
        puppet.say(event)
        until(lambda: self._later)
        self.settle()

    def swapped(self, old, new, times=1):
        """Wait until an engine has been closed for another model's, which is begun so often by then."""
        until(lambda: self.settle() or (self.puppets[old][-1].is_closed and len(self.puppets.get(new, ())) == times))

    def render(self, model, job):
        self.pool.send(model, engine.Render(job, "a bell", seconds=1.0))

    def heard(self, model):
        """The number of the next job that an engine is sent."""
        return self.puppets[model][-1].next(engine.Render).job


@pytest.fixture
def make():
    made = []

    def room(sizes, room):
        made.append(Room(sizes, room))
        return made[-1]

    yield room
    for one in made:
        one.pool.close()


def ready(room, *models):
    for model in models:
        room.say(model, engine.Ready(INFO))


def test_what_fits_is_loaded_and_the_rest_rests(make):
    room = make({"a": 4, "b": 4, "c": 4}, 9)
    assert (set(room.puppets), room.resting) == ({"a", "b"}, ["c"])
    assert room.pool.is_loading
    ready(room, "a", "b")
    assert not room.pool.is_loading


def test_what_is_played_takes_the_place_of_what_was_played_longest_ago_once_that_is_closed(make):
    room = make({"a": 4, "b": 4, "c": 4}, 9)
    ready(room, "a", "b")
    room.render("b", 1)
    room.render("a", 2)
    room.say("b", take(1))
    room.say("a", take(2))
    room.render("c", 3)
    assert room.resting == ["c", "b"]
    assert "c" not in room.puppets
    room.swapped("b", "c")
    assert room.heard("c") == 3
    room.say("c", take(3))
    # And back again, the other way.
    room.render("b", 4)
    room.swapped("a", "b", times=2)
    assert room.heard("b") == 4


def test_one_that_renders_does_not_go_and_presses_wait_for_it(make):
    room = make({"a": 4, "b": 4}, 4)
    ready(room, "a")
    room.render("a", 1)
    room.render("b", 2)
    assert "b" not in room.puppets
    room.say("a", engine.Progress(1, 1, 8))
    assert "b" not in room.puppets
    room.say("a", take(1))
    room.swapped("a", "b")
    assert room.heard("b") == 2
    # Nor one that is still being loaded.
    room.render("a", 3)
    assert len(room.puppets["a"]) == 1
    room.say("b", engine.Failed(2, "out of memory"))
    assert len(room.puppets["a"]) == 1
    ready(room, "b")
    room.swapped("b", "a", times=2)
    assert room.heard("a") == 3


def test_who_asked_first_comes_first(make):
    room = make({"a": 4, "b": 4, "c": 4}, 4)
    ready(room, "a")
    room.render("a", 1)
    room.render("b", 2)
    room.render("c", 3)
    room.say("a", take(1))
    room.swapped("a", "b")
    ready(room, "b")
    assert "c" not in room.puppets
    room.say("b", take(2))
    room.swapped("b", "c")
    assert room.heard("c") == 3


def test_what_is_wanted_no_more_is_not_loaded_and_its_end_is_told(make):
    room = make({"a": 4, "b": 4}, 4)
    ready(room, "a")
    room.render("a", 1)
    room.render("b", 2)
    room.pool.send("b", engine.Cancel(99))
    room.pool.send("b", engine.Cancel(2))
    room.settle()
    assert room.events[-1] == ("b", engine.Cancelled(2))
    room.say("a", take(1))
    assert not room.puppets["a"][0].is_closed
    assert "b" not in room.puppets


def test_a_spare_that_becomes_a_press_while_it_waits_is_one(make):
    room = make({"a": 4, "b": 4}, 4)
    ready(room, "a")
    room.render("a", 1)
    room.pool.send("b", engine.Render(2, "a bell", spare=True))
    room.pool.send("b", engine.Promote(2))
    room.say("a", take(1))
    room.swapped("a", "b")
    assert room.puppets["b"][0].next(engine.Render).spare is False


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_a_model_that_takes_more_than_its_files_makes_room_when_that_is_known(make, order):
    room = make({"a": 0, "b": 0}, 9)
    large = replace(INFO, memory={"weights": 5, "requests": 1})
    for model in order:
        room.say(model, engine.Ready(large))
    assert room.resting == ["b"]
    # One that goes at once is not said to be ready after that.
    assert room.events[-1] == ("a", engine.Ready(large))
    assert not room.pool.is_loading


def test_what_an_engine_says_that_has_gone_is_not_heard(make):
    room = make({"a": 4, "b": 4}, 4)
    ready(room, "a")
    room.render("b", 1)
    before = list(room.events)
    # On its way when it went.
    room._take("a", engine.Ready(INFO))
    assert room.events == before


def test_one_that_dies_for_good_waits_for_nobody_and_its_jobs_are_none(make):
    room = make({"a": 4, "b": 4}, 4)
    room.render("a", 1)
    room.say("a", engine.Died("killed", (), restarting=True))
    assert room.pool.is_loading
    room.say("a", engine.Died("no card", (1,), restarting=False))
    assert not room.pool.is_loading
    room.render("b", 2)
    room.swapped("a", "b")
    assert room.heard("b") == 2


def test_warming_counts_as_being_played(make):
    room = make({"a": 4, "b": 4, "c": 4}, 9)
    ready(room, "a", "b")
    room.pool.send("b", engine.Warm((engine.Render(0, asked(1).wish.prompt),)))
    room.pool.send("c", engine.Warm(()))
    assert room.resting == ["c", "a"]
