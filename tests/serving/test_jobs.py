"""Jobs on a clock that is moved by hand: known by token and id, each with one outcome, kept for who comes back."""

import hashlib

import pytest

from midifrag.clock import ManualClock
from midifrag.engine import messages as engine
from midifrag.engine.line.messages import Sound
from midifrag.engine.messages import Cancel, Cancelled, Died, Failed, Progress, Promote, Render, Started
from midifrag.serving.jobs import FETCHED_SECONDS, KEEP_SECONDS, MOST_STEPS, Jobs, RefusedError
from tests.serving.asking import Desk, asked, job_id, take

SOUND = Sound(sha256="a" * 64, channels=1, samples=4, sample_rate=8000)


def refused(desk, owner, request):
    with pytest.raises(RefusedError) as caught:
        desk.jobs.ask(owner, request)
    return caught.value


def test_a_request_goes_to_its_models_engine():
    desk = Desk(("sketch", "pocket"))
    desk.jobs.ask("ann", asked(1))
    desk.jobs.ask("ann", asked(2, "a drum", model="pocket", seed=9))
    assert [(model, one.prompt, one.seed) for model, one in desk.sent] == [
        ("sketch", "a bell", 1),
        ("pocket", "a drum", 9),
    ]


def test_what_is_asked_again_is_the_same_job():
    desk = Desk()
    first = desk.jobs.ask("ann", asked(1))
    assert desk.jobs.ask("ann", asked(1, have=12, place="x")) is first
    assert len(desk.sent) == 1
    desk.jobs.note(take(first.number))
    assert desk.jobs.ask("ann", asked(1)) is first
    assert len(desk.sent) == 1


def test_an_id_is_for_one_request_alone():
    desk = Desk()
    desk.jobs.ask("ann", asked(1))
    assert refused(desk, "ann", asked(1, "a drum")).why == "differs"


def test_the_same_id_of_another_token_is_another_job():
    desk = Desk()
    hers, his = desk.jobs.ask("ann", asked(1)), desk.jobs.ask("bob", asked(1, "a drum"))
    assert hers is not his
    desk.jobs.note(take(hers.number))
    assert (hers.outcome is not None, his.outcome) == (True, None)


def test_nobody_finds_cancels_or_forgets_anothers_job():
    desk = Desk()
    hers = desk.jobs.ask("ann", asked(1, spare=True))
    desk.commands()
    assert desk.jobs.find("bob", hers.id) is None
    desk.jobs.cancel("bob", hers.id)
    desk.jobs.promote("bob", hers.id)
    assert desk.commands() == []
    desk.jobs.note(take(hers.number))
    desk.jobs.kept("bob", hers.id)
    assert desk.jobs.find("ann", hers.id) is hers


def test_a_take_is_kept_as_it_travels_with_its_checksum():
    desk = Desk()
    job = desk.jobs.ask("ann", asked(1))
    [ended] = desk.jobs.note(take(job.number, samples=4, value=1.0, channels=2))
    assert ended is job
    assert job.audio == b"\x00\x00\x80\x3f" * 8
    assert job.take.sha256 == hashlib.sha256(job.audio).hexdigest()
    assert (job.take.channels, job.take.samples, job.outcome.audio.size) == (2, 4, 0)


def test_what_became_of_a_job_is_kept_for_a_minute_and_no_longer():
    desk = Desk()
    job = desk.jobs.ask("ann", asked(1))
    desk.jobs.note(take(job.number))
    desk.clock.time += KEEP_SECONDS - 0.1
    desk.jobs.expire()
    assert desk.jobs.find("ann", job.id) is job
    desk.clock.time += 0.2
    with job.watched(lambda: None):
        # Who fetches it now, however slowly, gets all of it.
        desk.jobs.expire()
        assert desk.jobs.find("ann", job.id) is job
    desk.jobs.expire()
    assert desk.jobs.find("ann", job.id) is None


def test_a_job_in_flight_waits_for_its_client_for_ever():
    desk = Desk()
    job = desk.jobs.ask("ann", asked(1))
    desk.clock.time += 10 * KEEP_SECONDS
    desk.jobs.expire()
    assert desk.jobs.find("ann", job.id) is job


def test_what_has_arrived_is_forgotten_at_once():
    desk = Desk()
    job = desk.jobs.ask("ann", asked(1))
    desk.jobs.kept("ann", job.id)
    assert desk.jobs.find("ann", job.id) is job
    desk.jobs.note(take(job.number))
    desk.jobs.kept("ann", job.id)
    assert desk.jobs.find("ann", job.id) is None


def test_a_token_keeps_so_many_bytes_the_oldest_go_first():
    desk = Desk(kept_bytes=150)
    for number in (1, 2, 3):
        desk.jobs.note(take(desk.jobs.ask("ann", asked(number)).number, samples=16))
        desk.clock.time += 1
    assert [desk.jobs.find("ann", job_id(number)) is not None for number in (1, 2, 3)] == [False, True, True]


def test_all_tokens_together_keep_so_many_bytes_the_oldest_go_first():
    desk = Desk(kept_in_all=150)
    for number, owner in enumerate(("ann", "bob", "cid"), 1):
        desk.jobs.note(take(desk.jobs.ask(owner, asked(number)).number, samples=16))
        desk.clock.time += 1
    there = [desk.jobs.find(owner, job_id(number)) is not None for number, owner in enumerate(("ann", "bob", "cid"), 1)]
    assert there == [False, True, True]


def test_a_take_that_is_larger_than_all_that_is_kept_is_kept_alone():
    desk = Desk(kept_bytes=10)
    job = desk.jobs.ask("ann", asked(1))
    desk.jobs.note(take(job.number))
    assert desk.jobs.find("ann", job.id) is job


def test_where_a_token_has_too_much_elsewhere_nothing_new_is_taken_and_what_is_there_is_told_of():
    desk = Desk()
    job = desk.jobs.ask("ann", asked(1))
    assert desk.jobs.ask("ann", asked(1), "too much") is job
    with pytest.raises(RefusedError, match="too much") as error:
        desk.jobs.ask("ann", asked(2), "too much")
    assert error.value.why == "quota"
    assert desk.jobs.used("ann") == (1, 1.0)
    assert desk.jobs.used("bob") == (0, 0.0)


def test_a_token_has_so_many_jobs_at_once():
    desk = Desk(in_flight=2)
    first, _second = (desk.jobs.ask("ann", asked(number)) for number in (1, 2))
    error = refused(desk, "ann", asked(3))
    assert (error.why, "2 jobs" in str(error)) == ("quota", True)
    # What is known already is no new one, and others have their own.
    desk.jobs.ask("ann", asked(1))
    desk.jobs.ask("bob", asked(3))
    desk.jobs.note(take(first.number))
    desk.jobs.ask("ann", asked(3))


def test_a_token_asks_for_so_many_seconds_a_minute():
    desk = Desk(seconds_a_minute=25)
    desk.jobs.ask("ann", asked(1, seconds=20.0))
    assert refused(desk, "ann", asked(2, seconds=None)).why == "quota"
    desk.clock.time += 59
    desk.jobs.expire()
    assert refused(desk, "ann", asked(2, seconds=6.0)).why == "quota"
    desk.clock.time += 2
    desk.jobs.expire()
    desk.jobs.ask("ann", asked(2, seconds=6.0))


@pytest.mark.parametrize("seconds", [-1e6, 0.0, 0.001])
def test_what_an_engine_would_refuse_costs_a_place_too(seconds):
    desk = Desk(seconds_a_minute=1)
    for number in (1, 2):
        desk.jobs.note(engine.Failed(desk.jobs.ask("ann", asked(number, seconds=seconds)).number, "no such length"))
    assert refused(desk, "ann", asked(3, seconds=seconds)).why == "quota"


def test_a_take_of_the_archive_has_so_many_steps():
    desk = Desk()
    assert refused(desk, "ann", asked(1, recorded=True, steps=MOST_STEPS + 1)).why == "request"
    assert desk.commands() == []
    desk.jobs.ask("ann", asked(1, recorded=True, steps=MOST_STEPS))


def test_a_model_that_is_not_there_is_refused_with_those_that_are():
    error = refused(Desk(), "ann", asked(1, model="open"))
    assert (error.why, str(error)) == ("model", "there is no model 'open' here; there is sketch.")


def test_a_server_that_ends_takes_nothing_new_and_finishes_the_rest():
    desk = Desk()
    job = desk.jobs.ask("ann", asked(1))
    desk.jobs.drain(9.0)
    assert refused(desk, "ann", asked(2)).why == "moving"
    assert desk.jobs.ask("ann", asked(1)) is job
    assert desk.jobs.in_flight == 1
    desk.jobs.note(take(job.number))
    assert desk.jobs.in_flight == 0


def test_one_that_was_to_end_and_stays_takes_jobs_again():
    desk = Desk()
    desk.jobs.drain(9.0)
    desk.clock.time += 8.0
    # Said again, it counts from then on; whoever said it may die.
    desk.jobs.drain(9.0)
    desk.clock.time += 8.0
    assert refused(desk, "ann", asked(1)).why == "moving"
    desk.clock.time += 1.0
    desk.jobs.ask("ann", asked(1))
    desk.jobs.drain(9.0)
    desk.jobs.drain(0.0)
    desk.jobs.ask("ann", asked(2))


def test_one_that_is_deployed_to_end_does_so_whatever_else_is_taken_back():
    desk = Desk()
    desk.jobs.configure(draining=True)
    desk.jobs.drain(0.0)
    assert refused(desk, "ann", asked(1)).why == "moving"
    desk.jobs.configure(draining=False)
    desk.jobs.ask("ann", asked(1))


def test_a_job_is_cancelled_once_and_ends_when_its_engine_lets_go():
    desk = Desk()
    job = desk.jobs.ask("ann", asked(1))
    desk.commands()
    desk.jobs.cancel("ann", job.id)
    desk.jobs.cancel("ann", job.id)
    assert desk.commands() == [Cancel(job.number)]
    assert job.outcome is None
    desk.jobs.note(engine.Cancelled(job.number))
    assert isinstance(job.outcome, engine.Cancelled)
    desk.jobs.cancel("ann", job.id)
    assert desk.commands() == []


def test_a_spare_becomes_a_press_by_word_or_by_being_asked_for_as_one():
    desk = Desk()
    jobs = [desk.jobs.ask("ann", asked(number, spare=True)) for number in (1, 2)]
    desk.commands()
    desk.jobs.promote("ann", jobs[0].id)
    desk.jobs.promote("ann", jobs[0].id)
    desk.jobs.ask("ann", asked(2))
    # As it was asked for at first: it stays what it has become.
    desk.jobs.ask("ann", asked(1, spare=True))
    assert desk.commands() == [Promote(job.number) for job in jobs]


def test_how_many_wait_before_it():
    desk = Desk(("sketch", "pocket"))
    spare = desk.jobs.ask("bob", asked(1, spare=True))
    first, second = (desk.jobs.ask("ann", asked(number)) for number in (2, 3))
    desk.jobs.ask("ann", asked(4, model="pocket"))
    assert [desk.jobs.ahead(job) for job in (first, second, spare)] == [0, 1, 0]
    desk.jobs.note(Started(first.number))
    assert desk.jobs.ahead(second) == 0


def test_one_that_waits_for_an_upload_is_before_nobody():
    desk = Desk()
    sound = Sound(sha256="a" * 64, channels=1, samples=8, sample_rate=8000)
    first, second = desk.jobs.ask("ann", asked(1, sound=sound)), desk.jobs.ask("ann", asked(2))
    assert [desk.jobs.ahead(job) for job in (first, second)] == [0, 0]
    desk.jobs.begin(first, Render(first.number, "a bell", seed=1))
    assert [desk.jobs.ahead(job) for job in (first, second)] == [0, 1]


def test_who_watches_hears_of_each_change():
    desk, heard = Desk(), []
    job = desk.jobs.ask("ann", asked(1))
    with job.watched(lambda: heard.append((job.began_at is not None, job.step, job.outcome))):
        desk.jobs.note(Started(job.number))
        desk.jobs.note(Progress(job.number, 1, 8))
        desk.jobs.note(take(job.number))
    assert [one[:2] for one in heard] == [(True, 0), (True, 1), (True, 1)]
    assert heard[-1][2] is job.outcome
    desk.jobs.note(Progress(job.number, 2, 8))
    assert len(heard) == 3


def test_what_died_with_its_engine_is_rendered_once_more_from_the_same_seed():
    desk = Desk()
    job = desk.jobs.ask("ann", asked(1, seed=77))
    [first] = desk.commands()
    desk.jobs.note(Started(job.number))
    assert desk.jobs.note(Died("killed", (job.number,), restarting=True)) == []
    assert desk.commands() == [first]
    assert (job.began_at, job.outcome) == (None, None)
    assert desk.jobs.note(Died("killed", (job.number,), restarting=True)) == [job]
    assert job.outcome == Failed(job.number, "killed")


def test_what_dies_with_an_engine_that_does_not_return_has_failed():
    desk = Desk()
    job, other = (desk.jobs.ask("ann", asked(number)) for number in (1, 2))
    desk.jobs.cancel("ann", other.id)
    desk.jobs.note(Died("no card", (job.number, other.number, 99), restarting=False))
    assert (job.outcome, other.outcome) == (Failed(1, "no card"), engine.Cancelled(2))


def test_what_is_said_of_a_job_that_has_ended_or_never_was_is_left_out():
    desk = Desk()
    job = desk.jobs.ask("ann", asked(1))
    desk.jobs.note(take(job.number, samples=4))
    for event in (Started(1), Progress(1, 1, 2), take(1, samples=8), Failed(9, "x"), Died("x", (1,), restarting=True)):
        assert desk.jobs.note(event) == []
    assert (len(job.audio), len(list(desk.jobs))) == (16, 1)


def test_what_was_cancelled_and_is_asked_for_again_begins_anew():
    desk = Desk()
    first = desk.jobs.ask("ann", asked(1))
    desk.jobs.cancel("ann", first.id)
    # Also before its engine has let go of it.
    second = desk.jobs.ask("ann", asked(1))
    assert second is not first
    desk.jobs.note(Cancelled(first.number))
    assert (second.outcome, desk.jobs.find("ann", second.id)) == (None, second)
    desk.jobs.cancel("ann", second.id)
    desk.jobs.note(Cancelled(second.number))
    assert desk.jobs.ask("ann", asked(1)).outcome is None


def test_a_job_that_wants_uploads_goes_to_no_engine_before_they_are_there():
    desk = Desk()
    wanting = desk.jobs.ask("ann", asked(1, sound=SOUND))
    assert desk.commands() == []
    desk.jobs.promote("ann", wanting.id)
    render = Render(wanting.number, "a bell", seconds=1.0, seed=1)
    desk.jobs.begin(wanting, render)
    desk.jobs.begin(wanting, render)
    assert desk.commands() == [render]
    other = desk.jobs.ask("ann", asked(2, sound=wanting.wish.sound))
    desk.jobs.cancel("ann", other.id)
    assert isinstance(other.outcome, Cancelled)
    desk.jobs.begin(other, render)
    assert desk.commands() == []
    third = desk.jobs.ask("ann", asked(3, sound=wanting.wish.sound))
    # No engine had it.
    desk.jobs.note(Died("killed", (third.number,), restarting=True))
    assert isinstance(third.outcome, Failed)


def test_a_token_has_so_many_renders_prepared_for_in_a_minute():
    desk = Desk(warm_a_minute=5)
    assert [desk.jobs.may_warm("ann", count) for count in (3, 3, 3)] == [3, 2, 0]
    assert desk.jobs.may_warm("bob", 9) == 5
    desk.clock.time += 61
    assert desk.jobs.may_warm("ann", 3) == 3
    desk.clock.time += 61
    desk.jobs.expire()
    assert desk.jobs._warmed == {}


def test_takes_that_their_clients_have_not_got_yet():
    desk = Desk()
    job, other = (desk.jobs.ask("ann", asked(number)) for number in (1, 2))
    desk.jobs.note(take(job.number))
    desk.jobs.note(Failed(other.number, "no"))
    assert list(desk.jobs.unfetched) == [job]
    desk.clock.time += FETCHED_SECONDS - 1
    job.fetched_at = desk.clock.time
    desk.clock.time += 2
    assert list(desk.jobs.unfetched) == [job]
    desk.clock.time += FETCHED_SECONDS
    # Who wanted it has gone.
    assert list(desk.jobs.unfetched) == []
    job.fetched_at = desk.clock.time
    desk.jobs.kept("ann", job.id)
    assert list(desk.jobs.unfetched) == []


def test_who_wants_to_hears_of_each_end():
    ended = []
    jobs = Jobs(ManualClock(), lambda _model, _command: None, ("sketch",), ended=ended.append)
    job, waits = jobs.ask("ann", asked(1)), jobs.ask("ann", asked(2, sound=SOUND))
    jobs.note(take(job.number))
    jobs.fail(waits, "it did not come")
    assert ended == [job, waits]
    assert waits.outcome.reason == "it did not come"
