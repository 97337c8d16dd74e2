"""Jobs at a server: the same number is the same id, and what is to be dropped there is told once."""

from dataclasses import replace

from midifrag.engine.messages import Render
from midifrag.engine.remote import far_jobs as module
from midifrag.engine.remote.far_jobs import FarJobs
from midifrag.engine.remote.parcels import Packed, wished


def add(jobs, number=1):
    return jobs.add(Render(number, "bell", seconds=1.0, seed=1), None, 0.0, "float32")


def test_what_is_asked_again_has_the_id_that_it_had_and_no_other_show_has_it():
    jobs = FarJobs()
    first = add(jobs)
    assert (jobs.get(1), jobs.named(first.id), jobs.numbers) == (first, first, (1,))
    assert jobs.end(1) is first
    assert (jobs.get(1), jobs.named(first.id), jobs.end(1)) == (None, None, None)
    assert add(jobs).id == first.id
    assert add(FarJobs()).id != first.id
    assert add(jobs, 2).id != first.id


def test_what_is_to_be_dropped_there_is_told_once_unless_it_is_wanted_again(monkeypatch):
    monkeypatch.setattr(module, "_MOST_DROPPED", 2)
    jobs = FarJobs()
    first, second, third, fourth = (add(jobs, number) for number in (1, 2, 3, 4))
    second.place = "r1"
    for one in (first, second, third):
        jobs.drop_there(one)
    assert jobs.take_dropped() == {second.id: "r1", third.id: ""}
    assert jobs.take_dropped() == {}
    jobs.drop_there(fourth)
    add(jobs, 4)
    assert jobs.take_dropped() == {}


def test_what_became_a_press_is_asked_for_as_one_whenever_it_was_packed():
    jobs = FarJobs()
    spare = Render(1, "bell", seconds=1.0, seed=1, spare=True)
    early, late, still = (jobs.add(replace(spare, job=number), None, 0.0, "float32") for number in (1, 2, 3))
    packed = Packed(wished(spare), checksums={"dusty": "c"}, notes=("as it lies here",))
    assert (packed.wish.spare, early.ask("sketch")) == (True, None)
    early.promote()
    for one in (early, late, still):
        one.packed(packed)
    late.promote()
    assert [one.ask("sketch").wish.spare for one in (early, late, still)] == [False, False, True]
    assert [one.render.spare for one in (early, late, still)] == [False, False, True]
    assert (early.checksums, early.notes) == ({"dusty": "c"}, ("as it lies here",))
