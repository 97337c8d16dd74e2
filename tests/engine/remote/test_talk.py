"""What is said about one model's jobs, without a line: asked, told, lost, asked again, and landed once."""

import hashlib

import numpy as np
import pytest

from midifrag.clock import ManualClock
from midifrag.engine.line import messages as line
from midifrag.engine.line.frames import Frame, encode
from midifrag.engine.line.translating import told_info
from midifrag.engine.messages import (
    Cancel,
    Cancelled,
    Died,
    EngineInfo,
    Failed,
    Progress,
    Promote,
    Ready,
    Render,
    Rendered,
    Resumed,
    Started,
    Warm,
    Warming,
)
from midifrag.engine.remote.parcel import Parcel
from midifrag.engine.remote.parcels import Packed
from midifrag.engine.remote.said import UnfitServerError
from midifrag.engine.remote.talk import TRIES, Talk
from midifrag.engine.remote.uploads import SIGN
from midifrag.errors import LineError

INFO = EngineInfo("e", "sketch", "c", "cpu", "fp32", 8000, 1, 9.0, ())
DATA = bytes(range(40))


class Home:
    """A talk, whose line is the test."""

    def __init__(self, there="sketch", audio="auto"):
        self.clock = ManualClock()
        self.talk = Talk("studio/sketch", there, "studio", self.clock, audio)

    def id_of(self, number):
        return self.talk._jobs.get(number).id

    def hear(self, message, raw=b""):
        return self.talk.heard(Frame(message, raw))

    def welcome(self, *models, window=1 << 20):
        return self.hear(
            line.Welcome(
                server="1",
                models=models or ("sketch",),
                window=window,
                keeps=60,
                in_flight=4,
                seconds_a_minute=9.0,
                upload_window=1 << 20,
            )
        )

    def ask(self, number=1, **said):
        [ask] = self.talk.command(Render(number, "bell", seconds=1.0, seed=1, **said)).messages
        return ask

    def is_ready(self):
        self.welcome()
        return self.hear(told_info("sketch", INFO))

    def send_take(self, job, pieces=((0, DATA),), sha256=None, used=None, **said):
        for start, raw in pieces:
            self.hear(line.Audio(job=job, start=start), raw)
        digest = hashlib.sha256(DATA).hexdigest() if sha256 is None else sha256
        return self.hear(
            line.Rendered(job=job, channels=1, samples=10, sample_rate=8000, used=used or {"seed": 1},
                          engine_seconds=0.5, sha256=digest, **said)
        )  # fmt: skip


def test_a_job_goes_its_way():
    home = Home()
    assert isinstance(home.is_ready().events[0], Ready)
    job = home.ask().job
    assert home.hear(line.Queued(job=job, ahead=1, place="r1")).events == []
    # That it still waits is a sign of life.
    assert home.hear(line.Queued(job=job, ahead=0, place="r1")).events == [Resumed()]
    assert home.hear(line.Began(job=job)).events == [Started(1)]
    assert home.hear(line.Progress(job=job, step=1, of=8)).events == [Progress(1, 1, 8)]
    home.clock.time += 2.0
    said = home.send_take(job)
    [take] = said.events
    np.testing.assert_array_equal(take.audio, np.frombuffer(DATA, "<f4").reshape(1, 10))
    # What it took here, line and all.
    assert (take.job, take.used, take.engine_seconds) == (1, {"seed": 1}, 2.0)
    assert said.messages == [line.Received(total=40), line.Kept(job=job, model="sketch", place="r1")]
    assert home.talk.jobs == ()


def test_audio_that_has_come_is_acknowledged_whosever_it_is():
    home = Home()
    home.is_ready()
    job = home.ask().job
    home.welcome(window=8)
    # Half of what may be on its way at once, so that not each piece is.
    assert home.hear(line.Audio(job=job, start=0), b"abc").messages == []
    assert home.hear(line.Audio(job="f" * 32, start=0), b"ab").messages == [line.Received(total=5)]
    assert home.hear(line.Audio(job="f" * 32, start=2), b"ab").messages == []
    # Where no more of it comes, the rest is.
    assert home.hear(line.Cancelled(job="f" * 32)).messages == [line.Received(total=7)]


def test_that_a_long_take_is_coming_is_a_sign_of_life():
    home = Home()
    home.is_ready()
    job = home.ask().job
    said = []
    for start in range(5):
        home.clock.time += 0.5
        said += home.hear(line.Audio(job=job, start=start), b"x").events
    assert said == [Resumed(), Resumed()]


def test_after_a_drop_each_job_is_asked_for_where_it_was():
    home = Home()
    home.is_ready()
    first, second = home.ask(1), home.ask(2)
    home.hear(line.Queued(job=first.job, place="r1"))
    home.hear(line.Began(job=first.job))
    home.hear(line.Audio(job=first.job, start=0), DATA[:16])
    _hello, *asks = home.welcome().messages
    assert asks == [first.model_copy(update={"have": 16, "place": "r1"}), second]
    # It is told again, and the show hears it once.
    assert home.hear(line.Began(job=first.job)).events == []
    assert home.hear(line.Audio(job=first.job, start=16), DATA[16:]).messages == []
    last = home.send_take(first.job, ())
    assert isinstance(last.events[0], Rendered)
    # Those of this connection alone.
    assert last.messages[0] == line.Received(total=24)


def test_after_a_long_silence_the_jobs_are_lost_and_what_is_asked_again_is_the_same_job():
    home = Home()
    home.is_ready()
    job = home.ask().job
    [died] = home.talk.fell_silent("no answer").events
    assert died == Died("no answer", (1,), restarting=True)
    assert home.talk.fell_silent("no answer").events == []
    # What comes of it now belongs to nobody.
    assert home.send_take(job).events == []
    assert home.ask().job == job
    assert home.hear(told_info("sketch", INFO)).events == [Ready(home.talk._info)]
    assert isinstance(home.send_take(job).events[0], Rendered)
    assert home.send_take(job).events == []


def test_what_was_dropped_meanwhile_is_dropped_there_too():
    home = Home()
    home.is_ready()
    job = home.ask().job
    assert home.talk.command(Cancel(1)).events == [Cancelled(1)]
    assert home.talk.command(Cancel(1)).events == []
    assert home.welcome().messages == [line.Hello(), line.Cancel(job=job, model="sketch")]
    assert home.welcome().messages == [line.Hello()]


def test_a_take_that_came_otherwise_than_it_was_sent_comes_again_and_not_for_ever():
    home = Home()
    home.is_ready()
    ask = home.ask()
    for _ in range(TRIES - 1):
        assert home.send_take(ask.job, sha256="0" * 64).messages[-1] == ask
    [failed] = home.send_take(ask.job, sha256="0" * 64).events
    assert (failed.job, "another checksum" in failed.reason) == (1, True)


@pytest.mark.parametrize(
    ("told", "event"),
    [
        (lambda job: line.Failed(job=job, reason="no", not_finite=True), Failed(1, "studio: no", not_finite=True)),
        (lambda job: line.Cancelled(job=job), Failed(1, "studio dropped it; press again")),
        (lambda job: line.Refused(job=job, reason="too much", why="quota"), Failed(1, "studio: too much")),
        (lambda job: line.Refused(job=job, reason="ends", why="moving"),
         Died("studio: ends", (1,), restarting=True, finishing=True)),
    ],
)  # fmt: skip
def test_each_other_end_is_told(told, event):
    home = Home()
    home.is_ready()
    job = home.ask().job
    assert home.hear(told(job)).events == [event]
    assert home.hear(told(job)).events == []


def test_what_a_server_that_ends_refused_is_asked_for_on_the_next_connection():
    home = Home()
    home.is_ready()
    ask = home.ask()
    home.hear(line.Refused(job=ask.job, reason="ends", why="moving"))
    assert home.talk.command(Render(1, "bell", seconds=1.0, seed=1)).messages == []
    assert home.welcome().messages == [line.Hello(), ask]
    assert home.ask(2).job != ask.job


def test_a_spare_that_became_a_press_is_asked_for_as_one():
    home = Home()
    home.is_ready()
    spare = home.ask(spare=True)
    assert home.talk.command(Promote(1)).messages == [line.Promote(job=spare.job, model="sketch")]
    assert home.talk.command(Promote(9)).messages == []
    _hello, again = home.welcome().messages
    assert (again.job, again.wish.spare) == (spare.job, False)


def test_what_to_warm_is_told_on_each_connection_in_messages_that_fit():
    home = Home()
    renders = tuple(Render(0, "x" * 15_000, seconds=1.0, seed=number) for number in range(40))
    assert home.talk.command(Warm(renders)).events == []
    _hello, *warmings = home.welcome().messages
    assert sum(len(one.wishes) for one in warmings) == 40
    assert all(encode(one) for one in warmings)
    assert home.welcome().messages[1:] == warmings
    home.is_ready()
    assert isinstance(home.talk.command(Warm(())).events[0], Ready)


def test_what_fits_no_frame_is_not_warmed_and_fails_as_a_press():
    home = Home()
    home.is_ready()
    long = Render(1, "x" * 30_000, seconds=1.0, seed=1)
    assert home.talk.command(Warm((long,))).messages == []
    [failed] = home.talk.command(long).events
    assert (failed.job, "prompt does not fit the line" in failed.reason) == (1, True)


SOUND = line.Sound(sha256="a" * 64, channels=1, samples=5_000, sample_rate=8000)
WANTED = line.Wanted(sha256="a" * 64, ticket=3)


def parcel(sha256="a" * 64):
    return Parcel(sha256, SOUND.size, "the sound that it begins from", lambda _start, size: bytes(size))


def packing(home, number=1, **said):
    """A press that begins from a sound, packed."""
    render = Render(number, "bell", seconds=1.0, seed=1, loras="dusty=0.8 from /sets/dusty.safetensors", **said)
    said = home.talk.command(render)
    assert (said.messages, said.packing) == ([], [render])
    return render, line.Wish(prompt="bell", seed=1, seconds=1.0, sound=SOUND)


def test_what_is_uploaded_is_packed_first_and_then_asked_for():
    home = Home()
    home.is_ready()
    render, wish = packing(home)
    # Also where the line has broken meanwhile.
    assert [type(one) for one in home.welcome().messages] == [line.Hello]
    [ask] = home.talk.packed(render, Packed(wish, (parcel(),))).messages
    assert (ask.wish, ask.job) == (wish, home.id_of(1))
    assert home.talk.packed(render, Packed(wish, (parcel(),))).messages == []


@pytest.mark.parametrize("ends", [True, False])
def test_a_press_that_is_dropped_or_becomes_one_while_it_is_packed(ends):
    home = Home()
    home.is_ready()
    render, wish = packing(home, spare=True)
    home.talk.command(Cancel(1) if ends else Promote(1))
    asks = home.talk.packed(render, Packed(wish, (parcel(),))).messages
    assert [one.wish.spare for one in asks] == ([] if ends else [False])


def test_what_cannot_be_packed_fails():
    home = Home()
    home.is_ready()
    render, _ = packing(home)
    assert home.talk.packed(render, LineError("dusty is gone")).events == [Failed(1, "dusty is gone")]
    assert home.talk.jobs == ()


def test_what_the_server_lacks_goes_out_and_that_is_told():
    home = Home()
    home.is_ready()
    render, wish = packing(home)
    home.talk.packed(render, Packed(wish, (parcel(),)))
    [warming] = home.hear(line.Lacking(job=home.id_of(1), place="r1", uploads=(WANTED,))).events
    assert (warming.what, warming.playable) == ("uploading the sound that it begins from to studio, 0.0 MB", True)
    sent = 0
    while (piece := home.talk.uploads.next()) is not None:
        sent += piece.size
        events = home.hear(line.Taken(total=sent)).events
    assert (sent, [type(one) for one in events]) == (SOUND.size, [Ready])
    with pytest.raises(LineError, match="bytes taken"):
        home.hear(line.Taken(total=sent + 1))


def test_what_is_dropped_goes_out_no_further():
    home = Home()
    home.is_ready()
    render, wish = packing(home)
    home.talk.packed(render, Packed(wish, (parcel(),)))
    home.hear(line.Lacking(job=home.id_of(1), uploads=(WANTED,)))
    home.talk.command(Cancel(1))
    assert home.talk.uploads.next() is None


def test_what_cannot_be_read_on_its_way_fails_who_wants_it():
    home = Home()
    home.is_ready()
    render, wish = packing(home)
    home.talk.packed(render, Packed(wish, (parcel(),)))
    home.hear(line.Lacking(job=home.id_of(1), uploads=(WANTED,)))
    # What was told to go out does not any more.
    [failed, ready] = home.talk.spoiled(home.talk.uploads.next(), "no such drive").events
    assert isinstance(ready, Ready)
    assert failed.reason == "the sound that it begins from cannot be sent to studio: no such drive"


def test_what_is_prepared_for_goes_on_without_what_cannot_be_read():
    home = Home()
    home.is_ready()
    wish, other = line.Wish(prompt="bell", seed=1), WANTED.model_copy(update={"sha256": "b" * 64, "ticket": 8})
    render = Render(0, "bell", seconds=1.0, seed=1, loras="dusty=0.8 from /sets/dusty.safetensors")
    home.talk.command(Warm((render,)))
    for sha256 in (WANTED.sha256, other.sha256):
        home.talk.packed(render, Packed(wish, (parcel(sha256),)))
    [told] = home.hear(line.Lacking(job="", uploads=(WANTED, other))).events
    assert isinstance(told, Warming)
    home.clock.time += SIGN
    [told] = home.talk.spoiled(home.talk.uploads.next(), "no such drive").events
    assert isinstance(told, Warming)
    piece = home.talk.uploads.next()
    assert piece.message.ticket == other.ticket
    # Nothing is on its way any more, and nobody is told of it for ever.
    assert home.talk.spoiled(piece, "no such drive").events == [home.talk.command(Warm(())).events[0]]


def test_what_is_prepared_for_with_loras_is_offered_on_each_connection():
    home = Home()
    home.is_ready()
    render = Render(0, "bell", seconds=1.0, seed=1, loras="dusty=0.8 from /sets/dusty.safetensors")
    assert home.talk.command(Warm((render,))).packing == [render]
    offer = line.Offer(model="sketch", wish=line.Wish(prompt="bell", seed=1))
    assert home.talk.packed(render, Packed(offer.wish, (parcel(),))).messages == [offer]
    assert home.welcome().messages[1:] == [offer]
    home.hear(line.Lacking(job="", uploads=(WANTED,)))
    assert home.talk.uploads.next() is not None
    # What cannot be packed is told to its press.
    assert home.talk.packed(render, LineError("gone")).events == []


def test_a_take_has_its_loras_as_they_lie_here():
    home = Home()
    home.is_ready()
    render, wish = packing(home)
    [ask] = home.talk.packed(render, Packed(wish, (), notes=("LoRA dusty: is gone",))).messages
    used = {"loras": f"dusty=0.8 sha256:{'a' * 64}"}
    [take] = home.send_take(ask.job, used=used, notes=("words without effect: zither",)).events
    assert take.used == {"loras": f"dusty=0.8 from /sets/dusty.safetensors sha256:{'a' * 64}"}
    assert take.notes == ("LoRA dusty: is gone", "words without effect: zither")


def test_on_a_slow_line_takes_come_packed_but_those_of_the_archive():
    home = Home()
    home.is_ready()
    assert home.ask(1).coding == "float32"
    for _ in range(9):
        home.hear(line.Audio(job="f" * 32, start=0), bytes(32_768))
        home.clock.time += 0.49
    slow = home.ask(2)
    assert slow.coding == "flac"
    assert home.ask(3, recorded=True).coding == "float32"
    # It goes on as it began.
    assert {one.job: one.coding for one in home.welcome().messages[1:]}[slow.job] == "flac"


def test_a_packed_take_is_made_samples_of_elsewhere_and_lands_once():
    home = Home(audio="flac")
    home.is_ready()
    job = home.ask().job
    [work] = home.send_take(job, coding="flac", packed=len(DATA), scale=1.0).unpacking
    assert (work.job, bytes(work.data)) == (1, DATA)
    # It is all here: a new connection does not ask for it.
    assert home.welcome().messages[1:] == []
    said = home.talk.unpacked(work, np.ones((1, 10), np.float32))
    assert [type(one) for one in said.events] == [Rendered]
    assert [type(one) for one in said.messages] == [line.Kept]
    assert home.talk.unpacked(work, np.ones((1, 10), np.float32)).events == []


def test_a_packed_take_that_is_none_fails():
    home = Home(audio="flac")
    home.is_ready()
    [work] = home.send_take(home.ask().job, coding="flac", packed=len(DATA), scale=1.0).unpacking
    assert home.talk.unpacked(work, LineError("no FLAC")).events == [Failed(1, "studio: no FLAC")]


def test_spares_that_were_lost_in_silence_are_dropped_there_and_presses_are_not():
    home = Home()
    home.is_ready()
    press, spare = home.ask(1), home.ask(2, spare=True)
    home.hear(line.Queued(job=spare.job, place="r1"))
    home.talk.fell_silent("no answer")
    assert home.welcome().messages == [line.Hello(), line.Cancel(job=spare.job, model="sketch", place="r1")]
    assert home.ask(1).job == press.job


def test_what_a_server_was_to_finish_is_lost_with_the_line():
    home = Home()
    home.is_ready()
    home.ask(1)
    home.hear(line.Moving())
    assert home.talk.is_silent is False
    [died] = home.talk.fell_silent("no answer").events
    assert (died, home.talk.is_silent) == (Died("no answer", (1,), restarting=True), True)
    home.welcome()
    assert home.talk.is_silent is False


def test_a_model_that_has_made_room_is_told_as_loading_where_a_press_waits_for_it():
    home = Home()
    home.is_ready()
    loading = line.Loading(model="sketch", done=1, total=3, what="weights")
    assert home.hear(loading).events == []
    home.ask(1)
    assert home.hear(loading).events == [Warming(1, 3, "weights at studio")]
    assert isinstance(home.hear(told_info("sketch", INFO)).events[0], Ready)


def test_a_server_that_ends_finishes_what_it_has_and_somebody_else_plays_what_is_new():
    home = Home()
    home.is_ready()
    first = home.ask(1)
    [died] = home.hear(line.Moving()).events
    assert died == Died("studio ends, and takes nothing new", (), restarting=True, finishing=True)
    assert home.hear(line.Moving()).events == []
    assert home.talk.command(Render(2, "bell", seconds=1.0, seed=1)).messages == []
    # A take that is long under way is a sign of life there too.
    home.clock.time += 1.0
    [sign] = home.hear(line.Audio(job=first.job, start=0), DATA[:4]).events
    assert sign == Warming(0, 1, "studio ends, and finishes what it has")
    # Called again, it says so before it says that its models are ready.
    home.welcome()
    assert home.hear(line.Moving()).events == []
    assert home.hear(told_info("sketch", INFO)).events == []
    assert isinstance(home.send_take(first.job).events[0], Rendered)
    # Its successor is another one.
    home.welcome()
    assert [type(one) for one in home.hear(told_info("sketch", INFO)).events] == [Ready]


def test_that_a_server_is_newer_is_known_from_its_welcome():
    home = Home()
    home.welcome()
    assert not home.talk.is_newer
    home.hear(line.Welcome(server="2", models=("sketch",), window=9, keeps=60, in_flight=4, seconds_a_minute=9.0,
                           minor=line.MINOR + 1))  # fmt: skip
    assert home.talk.is_newer


def test_how_the_model_stands_there_is_told():
    home = Home()
    home.welcome()
    loading = line.Loading(model="sketch", done=1, total=3, what="weights", playable=True)
    assert home.hear(loading).events == [Warming(1, 3, "weights at studio", playable=True)]
    [ready] = home.is_ready().events
    assert (ready.info.model, ready.info.device) == ("studio/sketch", "cpu of studio")
    assert home.hear(loading).events == []
    assert home.hear(line.Away(model="sketch", reason="killed")).events == [Died("studio: killed", (), restarting=True)]
    for other in (line.Away(model="other", reason="x"), told_info("other", INFO), line.Pong()):
        assert home.hear(other).events == []


def test_a_server_without_the_model_is_told_with_what_it_has():
    home = Home("open")
    with pytest.raises(UnfitServerError) as caught:
        home.welcome("sketch", "pocket")
    [died] = caught.value.said.events
    assert died.reason == "studio has no model 'open'; it has sketch, pocket."


def test_without_a_name_the_servers_first_model_plays():
    home = Home("")
    ask = home.ask()
    assert ask.model == ""
    _hello, again = home.welcome("pocket", "sketch").messages
    assert (again.job, again.model) == (ask.job, "pocket")


def test_what_is_said_of_a_job_that_nobody_has_is_left_out():
    home = Home()
    home.is_ready()
    job = "f" * 32
    for message in (line.Queued(job=job), line.Began(job=job), line.Progress(job=job, step=1, of=2),
                    line.Failed(job=job, reason="x"), line.Cancelled(job=job)):  # fmt: skip
        assert home.hear(message).events == []
    assert home.send_take(job).events == []
