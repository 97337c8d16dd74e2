"""The desk in front of Ray's replicas, with handles of a test's own: whom it asks, and who keeps nobody waiting."""

import asyncio

import pytest

from midifrag.clock import ManualClock
from midifrag.engine.line import messages as line
from midifrag.engine.line.frames import encode, from_client
from midifrag.serving import allowance, places, ray_desk
from midifrag.serving.grouping import Group
from midifrag.serving.quotas import Quota
from midifrag.serving.ranking import key_of
from tests.serving.asking import asked, job_id
from tests.support import PATIENCE

GROUPS = (Group("engines", ("sketch", "pocket")), Group("engines-open", ("open",)))
INFO = line.Info(
    model="sketch", engine="e", name="n", checksum="c", device="cpu", precision="fp32", sample_rate=8000, channels=1,
    max_seconds=9.0,
)  # fmt: skip


def status(model, state="ready", **counts):
    zero = dict.fromkeys(("queued", "rendering", "rendered", "failed"), 0)
    return line.ModelStatus(model=model, state=state, replicas=1, **(zero | counts))


def frame_of(*models):
    return encode(line.Status(connections=0, draining=False, models=models))


class Handle:
    """A deployment whose replicas answer what a test says, by their names; one that is not named hangs."""

    def __init__(self, **answers):
        self.answers, self.calls = answers, []

    def options(self, stream):
        assert stream
        return self

    def __getattr__(self, name):
        return Method(self, name)


class Method:
    def __init__(self, handle, name):
        self.handle, self.name = handle, name

    def remote(self, *arguments, where):
        self.handle.calls.append((self.name, arguments, where))
        if self.name == "follow":
            return self._stream()
        return self._answer(self.handle.answers.get(where[1]))

    async def _answer(self, answer):
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _stream(self):
        yield [encode(line.Queued(job=job_id(1), place="x"))]


@pytest.fixture(autouse=True)
def two_replicas(monkeypatch):
    monkeypatch.setattr(ray_desk, "SILENT", 0.05)
    places.note("engines", ("x", "y"))
    places.note("engines-open", ("z",))
    yield
    places.note("engines", ())
    places.note("engines-open", ())


def desk(shared=None, own=None):
    return ray_desk.RayDesk(GROUPS, {"engines": shared or Handle(), "engines-open": own or Handle()}, "sketch")


def followed(made, wanted):
    async def run():
        return [one async for one in made.follow("ann", wanted)]

    return asyncio.run(run())


def test_a_request_goes_to_the_replicas_of_its_model_by_model_and_prompt():
    shared, own = Handle(), Handle()
    assert followed(desk(shared, own), asked(1, model="open", place="z"))[0].kind() == "queued"
    [(name, (owner, _frame, over), where)] = own.calls
    assert (name, owner, over, where) == ("follow", "ann", "", (key_of("open", "a bell"), "z"))
    assert shared.calls == []


def test_a_request_of_no_model_is_of_the_servers_first_by_its_name():
    shared = Handle(x=b"take")
    made = desk(shared)
    followed(made, asked(1))
    assert asyncio.run(made.audio("ann", asked(1, place="x"), 0, 4)) == b"take"
    for _name, arguments, _where in shared.calls:
        assert from_client(arguments[1]).message.model == "sketch"
    assert shared.calls[0][2] == (key_of("sketch", "a bell"), "")


def test_uploads_go_to_the_replica_that_lacks_them_and_offers_to_that_which_presses_go_to():
    lacking = line.Lacking(job="", place="y", uploads=(line.Wanted(sha256="a" * 64, ticket=1),))
    shared, wish = Handle(y=b"", **{"": encode(lacking)}), asked(1).wish
    made = desk(shared)
    asyncio.run(made.upload("ann", line.Upload(ticket=7, start=5, place="y"), b"many bytes"))
    [(name, (owner, frame, data), where)] = shared.calls
    piece = from_client(frame).message
    assert (name, owner, data, where) == ("upload", "ann", b"many bytes", ("", "y"))
    assert (piece.ticket, piece.start, piece.model) == (7, 5, "sketch")
    assert asyncio.run(made.offer("ann", line.Offer(wish=wish))) == lacking
    assert shared.calls[-1][2] == (key_of("sketch", "a bell"), "")
    nothing = desk(Handle(**{"": b""}))
    assert asyncio.run(nothing.offer("ann", line.Offer(wish=wish))) is None
    for call in (made.upload("ann", line.Upload(ticket=7, start=5, model="harp"), b"x"),
                 made.offer("ann", line.Offer(model="harp", wish=wish))):  # fmt: skip
        assert asyncio.run(call) is None
    assert len(shared.calls) == 2


def test_a_model_that_there_is_not_is_refused_with_those_that_there_are():
    [refused] = followed(desk(), asked(1, model="harp"))
    assert (refused.why, refused.reason) == ("model", "there is no model 'harp' here; there is sketch, pocket, open.")
    assert asyncio.run(desk().audio("ann", asked(1, model="harp"), 0, 4)) == b""
    asyncio.run(desk().order("ann", line.Cancel(job=job_id(1), model="harp")))


def test_an_order_goes_where_the_job_is_and_else_to_each_replica_of_its_model():
    shared, own = Handle(x=None, y=None), Handle(z=b"")
    made = desk(shared, own)
    asyncio.run(made.order("ann", line.Kept(job=job_id(1), model="open", place="z")))
    assert [call[2][1] for call in own.calls] == ["z"]
    asyncio.run(made.order("ann", line.Cancel(job=job_id(1))))
    asyncio.run(made.order("ann", line.Warm(model="pocket")))
    assert [call[2][1] for call in shared.calls] == ["x", "y", "x", "y"]


def test_a_model_is_as_the_best_of_its_replicas_has_it_and_one_that_hangs_keeps_nobody_waiting():
    loading = [encode(line.Loading(model=model, done=0, total=1)) for model in ("sketch", "pocket")]
    shared = Handle(x=loading, y=[encode(INFO), loading[1]])
    news = {one.model: one for one in asyncio.run(desk(shared).news())}
    assert news["sketch"] == INFO
    assert isinstance(news["pocket"], line.Loading)
    assert news["open"] == line.Away(model="open", reason="no engine of it answers")
    # The one that had it ready hangs: what the other one says counts.
    shared.answers["y"] = None
    assert isinstance({one.model: one for one in asyncio.run(desk(shared).news())}["sketch"], line.Loading)


def test_that_one_ends_is_told_beside_how_models_are():
    shared = Handle(x=[encode(INFO), encode(line.Moving())], y=RuntimeError("dead"))
    assert line.Moving() in asyncio.run(desk(shared).news())


def test_how_it_stands_is_the_sum_of_those_that_answer():
    shared = Handle(x=frame_of(status("sketch", rendered=2)), y=frame_of(status("sketch", "away", rendered=3)))
    own = Handle(z=RuntimeError("dead"))
    sketch, pocket, large = asyncio.run(desk(shared, own).status())
    assert (sketch.model, sketch.state, sketch.replicas, sketch.rendered) == ("sketch", "ready", 2, 5)
    assert [(one.model, one.state, one.replicas) for one in (pocket, large)] == [
        ("pocket", "away", 0),
        ("open", "away", 0),
    ]


def test_what_is_left_is_that_of_all_replicas():
    assert asyncio.run(desk(Handle(x=(1, 2), y=(0, 3)), Handle(z=(4, 0))).left()) == (5, 5)


def test_where_no_replica_is_known_yet_any_is_asked():
    places.note("engines-open", ())
    own = Handle()
    own.answers[""] = (1, 0)
    assert asyncio.run(desk(Handle(x=(0, 0), y=(0, 0)), own).left()) == (1, 0)


def asked_for(made, count):
    """Ask for so many jobs; what each is told of besides."""
    for number in range(count):
        followed(made, asked(number + 1, seconds=1.0))


def overs(handle):
    return [arguments[2] for name, arguments, _where in handle.calls if name == "follow"]


def test_what_a_token_has_at_other_replicas_counts_where_it_asks_for_much():
    # Of eight in flight, one is little; two replicas have five, and one does not say.
    shared, own = Handle(x=(3, 3.0), y=(2, 2.0)), Handle(z=RuntimeError("dead"))
    clock = ManualClock()
    made = ray_desk.RayDesk(GROUPS, {"engines": shared, "engines-open": own}, "sketch", Quota(in_flight=8), clock)
    asked_for(made, 1)
    assert [name for name, *_ in shared.calls] == ["follow"]
    asked_for(made, 1)
    assert [name for name, *_ in shared.calls] == ["follow", "used", "used", "follow"]
    shared.answers["y"] = (5, 5.0)
    clock.time += allowance.FRESH
    asked_for(made, 1)
    # Its replica says whether that is a new one, and refuses it then.
    assert overs(shared) == ["", "", "8 jobs of this token are in flight, and no more may be; wait for one."]


def test_a_press_waits_for_no_replica_that_hangs(monkeypatch):
    monkeypatch.setattr(ray_desk, "SILENT", PATIENCE)
    monkeypatch.setattr(ray_desk, "SOON", 0.01)
    shared = Handle(x=(3, 3.0), y=None)
    made = ray_desk.RayDesk(GROUPS, {"engines": shared, "engines-open": Handle()}, "sketch", Quota(in_flight=8))
    asked_for(made, 2)
    assert [name for name, *_ in shared.calls] == ["follow", "used", "used", "follow"]
    assert overs(shared) == ["", ""]


def test_a_sole_replica_counts_for_itself():
    places.note("engines", ("x",))
    places.note("engines-open", ())
    shared = Handle(x=(99, 0.0))
    made = ray_desk.RayDesk(GROUPS, {"engines": shared, "engines-open": Handle()}, "sketch", Quota(in_flight=8))
    asked_for(made, 5)
    assert {name for name, *_ in shared.calls} == {"follow"}
    assert overs(shared) == [""] * 5


def test_all_hear_that_it_ends():
    shared, own = Handle(x=0, y=0), Handle(z=0)
    asyncio.run(desk(shared, own).drain(9.0))
    assert {call[:2] for call in (*shared.calls, *own.calls)} == {("drain", (9.0,))}
    assert [call[2][1] for call in (*shared.calls, *own.calls)] == ["x", "y", "z"]
