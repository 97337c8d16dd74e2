"""How models stand: what clients hear, and what those hear who run the server."""

from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.messages import Died, EngineInfo, Failed, Progress, Ready, Resumed, Stalled, Started, Warming
from midifrag.serving.standing import Standing, together
from tests.serving.asking import Desk, asked, take

INFO = EngineInfo("e", "sketch", "c", "cpu", "fp32", 8000, 1, 9.0, ())


def test_a_model_is_loading_until_it_is_ready_and_away_when_it_died():
    standing = Standing("sketch")
    assert standing.news == line.Loading(model="sketch", done=0, total=1)
    standing.note(Warming(1, 3, "weights", playable=True), 0.0)
    assert standing.news == line.Loading(model="sketch", done=1, total=3, what="weights", playable=True)
    standing.note(Ready(INFO), 0.0)
    # What is warmed after that changes nothing for clients.
    standing.note(Warming(1, 3, "lengths"), 0.0)
    assert isinstance(standing.news, line.Info)
    assert standing.status([]).state == "ready"
    standing.note(Died("killed", (), restarting=True), 0.0)
    assert standing.news == line.Away(model="sketch", reason="killed", returns=True)
    assert not standing.is_lost
    standing.note(Warming(0, 3, "weights"), 0.0)
    assert isinstance(standing.news, line.Loading)
    standing.note(Died("no card", (), restarting=False), 0.0)
    assert standing.is_lost
    assert (standing.status([]).state, standing.status([]).text) == ("away", "no card")


def test_since_when_it_shows_no_progress():
    standing = Standing("sketch")
    standing.note(Stalled(3.0), 10.0)
    assert standing.stalled_since == 7.0
    standing.note(Resumed(), 11.0)
    assert standing.stalled_since is None


def test_the_status_counts_jobs_and_tells_times():
    desk, standing = Desk(("sketch", "pocket")), Standing("sketch")
    one, two, three, lacks = (desk.jobs.ask("ann", asked(number)) for number in (1, 2, 3, 5))
    lacks.lacking = (line.Wanted(sha256="a" * 64, ticket=1),)
    desk.jobs.ask("ann", asked(4, model="pocket"))
    desk.jobs.note(Started(one.number))
    desk.clock.time += 2.0
    desk.jobs.note(Progress(one.number, 8, 10))
    for event in (take(one.number), Failed(two.number, "no")):
        for job in desk.jobs.note(event):
            standing.ended(job)
    status = standing.status(desk.jobs)
    assert (status.queued, status.uploading, status.rendering, status.rendered, status.failed) == (1, 1, 0, 1, 1)
    assert (status.step_ms, status.audio_ms) == (50.0, 2000.0)
    assert three.outcome is None
    assert isinstance(two.outcome, engine.Failed)


def test_replicas_are_told_of_together():
    ready, away = (
        line.ModelStatus(model="m", state=state, replicas=1, queued=1, rendering=2, rendered=3, failed=0)
        for state in ("ready", "away")
    )
    other = ready.model_copy(update={"model": "n"})
    assert together([away, ready, other]) == (
        ready.model_copy(update={"replicas": 2, "queued": 2, "rendering": 4, "rendered": 6}),
        other,
    )


def test_one_that_rests_is_loading_and_its_replica_does_not_fall_with_it_before_it_was_ready():
    standing = Standing("sketch")
    standing.note(Ready(INFO), 0.0)
    standing.note(Stalled(3.0), 10.0)
    standing.rest()
    assert (standing.news.kind(), standing.stalled_since) == ("loading", None)
    standing.note(Died("damaged", (), restarting=False), 11.0)
    assert (standing.news.kind(), standing.is_lost) == ("away", False)
    standing.note(Ready(INFO), 12.0)
    standing.note(Died("no card", (), restarting=False), 13.0)
    assert standing.is_lost
