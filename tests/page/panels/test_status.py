"""The top line's figures, and panic."""

from midifrag.events import EngineChanged, Meters, PlaybackChanged, SlotsChanged, Sounding
from midifrag.intents import Panic
from midifrag.page.model import Part
from midifrag.page.panels.status import StatusPanel
from midifrag.playback.messages import PlaybackState
from midifrag.states import EngineState, JobState
from tests.page.changes import INFO, engine, job, slot


def numbers(page):
    return [one.text for one in page.one("status-numbers").default_slot.children]


def test_before_anything_is_known_it_starts(headless):
    page = headless()
    page.show(StatusPanel)
    assert page.text("status-engine") == "starting …"
    assert numbers(page) == ["0 queued", "nothing landed yet"]


def test_the_show_s_own_engine_comes_first(headless):
    page = headless()
    page.show(StatusPanel)
    page.take(engine(EngineState.LOST, "no such file", model="pocket"))
    assert page.text("status-engine") == "pocket is lost: no such file"
    assert page.one("status-engine").props["data-state"] == "lost"
    page.take(engine(EngineState.WARMING, done=1, total=2))
    assert page.text("status-engine") == "sketch warms up, 1 of 2"
    page.take(engine(EngineState.READY, "sketch on cpu, fp32", info=INFO))
    shown = page.one("status-engine")
    assert (shown.text, shown.props["data-state"]) == ("sketch on this CPU, ready", "ready")
    assert shown.props["title"] == "sketch on cpu, fp32"


def test_an_engine_s_wait_goes_on_as_time_passes(headless, monkeypatch):
    page = headless()
    page.show(StatusPanel)
    waits = iter(["3 s", "3 s", "4 s", "4 s"])
    monkeypatch.setattr(EngineChanged, "wait", lambda _change, _now: next(waits))
    page.take(engine(EngineState.RESTARTING, "killed", since=1000.0))
    assert page.text("status-engine") == "sketch starts again, 3 s: killed"
    page.refresh()
    assert page.text("status-engine") == "sketch starts again, 4 s: killed"
    assert Part.TIME in StatusPanel.parts


def test_queue_and_latency_are_counted(headless):
    page = headless()
    page.show(StatusPanel)
    page.take(job(JobState.QUEUED, 1), job(JobState.QUEUED, 2), job(JobState.RENDERING, 3))
    page.take(job(JobState.LANDED, 4, landed=1.5), job(JobState.LANDED, 5, landed=0.25))
    assert numbers(page) == ["2 queued", "lands after 1.50 s"]


def test_panic_is_one_press(headless):
    page = headless()
    page.show(StatusPanel)
    page.click(page.one("panic"))
    assert page.sent == [Panic()]


def test_what_sounds_and_how_loud_it_is(headless):
    page = headless()
    page.show(StatusPanel)
    assert page.text("status-sound") == "nothing sounds"
    for change, words, details in (
        (PlaybackChanged(PlaybackState.OPENING), "sound is on its way …", "sound is on its way …"),
        (PlaybackChanged(PlaybackState.LOST, text="it hangs"), "no sound: the output is gone", None),
        (PlaybackChanged(PlaybackState.OFF), "no sound from here", "no sound from here"),
        (PlaybackChanged(PlaybackState.PLAYING, "Desk", underruns=2), "nothing sounds", "Desk, 2 underruns"),
        (PlaybackChanged(PlaybackState.PLAYING, "Desk (ALSA)", text="slow"), "nothing sounds", "Desk; slow"),
    ):
        page.take(change)
        assert page.text("status-sound") == words
        assert page.one("status-sound").props["data-state"] == change.state
        assert page.one("status-sound").props["title"] == (details or "no sound: the output is gone; it hangs")
    page.take(Meters((1.0,), 1.0))
    assert page.one("status-sound").style["--level"] == "0.00"
    page.take(SlotsChanged((slot(1, preset="kick"), slot(2, sounds=True), slot(3))), Sounding(1, 7, True, 100.0, 1.0))
    assert page.one("status-sound").style["--level"] == "1.00"
    assert page.text("status-sound") == "sounds: kick, output02.wav"
