import dataclasses

import mido
import pytest

from midifrag.boundary import Boundary
from midifrag.events import BankChanged, JobChanged, JobTimes, PadChanged, PortChanged
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, JobState, PadState
from tests.support.lights import LightsRig
from tests.support.shows import loaded

S = PadState


def pad(state=S.IDLE, note=36, port=None, channel=1, bank="x", job=None, progress=None, colour=None):
    return PadChanged(bank, PadKey(note), port, channel, note, state, colour, 0.0, job, progress)


def bank(*pads, slug="x"):
    return BankChanged(slug, slug.upper(), 0, pads)


def test_a_press_is_answered_on_its_own_port_in_order():
    rig = LightsRig()
    rig.handle(bank(pad()))
    states = (S.QUEUED, S.RENDERING, S.LANDED)
    sent = rig.handle(*(pad(state, port="a", channel=10, job=1) for state in states))
    assert sent == [("a", "99 24 0D"), ("a", "99 24 2D"), ("a", "99 24 15")]


#: Half a second a beat.
BAR = Boundary(at=102.0, position=16.0, bar=5, beat=1, beat_seconds=0.5, beats=4)


def waits(port="pad", note=11, boundary=BAR, **keys):
    return dataclasses.replace(pad(S.WAITING, note, port, job=1, **keys), boundary=boundary)


def test_what_waits_blinks_in_tempo_from_the_beat_to_half_of_it():
    rig = LightsRig(("pad",))
    rig.handle(bank(pad(note=11)), waits())
    start = len(rig.sent)
    now, moments = 101.0, []
    while now is not None:
        moments.append(now)
        now = rig.lights.beat(now)
    assert moments == [101.0, 101.25, 101.5, 101.75, 102.0]
    assert [data for _, data in rig.sent[start:]] == ["90 0B 35", "90 0B 00"] * 2
    assert rig.lights.beat(101.6) == 101.75
    sent = len(rig.sent)
    # Looked at once more within the same half, nothing is sent.
    assert rig.lights.beat(101.7) == 101.75
    assert len(rig.sent) == sent


def test_what_waits_for_another_moment_now_blinks_by_that():
    rig = LightsRig(("pad",))
    rig.handle(bank(pad(note=11)), waits(), waits(boundary=dataclasses.replace(BAR, at=102.1)))
    assert rig.lights.beat(101.0) == pytest.approx(101.1)


def test_surfaces_that_say_a_state_and_pads_that_do_not_wait_stay_as_they_are():
    rig = LightsRig(("a", "pad"))
    rig.handle(bank(pad(port="a"), pad(note=11)), waits("a", 36), pad(S.RENDERING, 11, "pad", job=2))
    sent = len(rig.sent)
    assert rig.lights.beat(101.0) is None
    assert len(rig.sent) == sent


def test_the_note_of_a_landing_goes_out_once_however_it_is_told_first():
    rig = LightsRig(notify={"port": "b"})
    rig.lights.notify(1, 2)
    assert rig.sent[-2:] == [("b", "9F 02 64"), ("b", "8F 02 40")]
    sent = len(rig.sent)
    rig.handle(JobChanged(1, JobKind.PAD, JobState.LANDED, "rain", "x", None, JobTimes(0.0), slot=2))
    assert len(rig.sent) == sent


def test_a_port_of_one_channel_is_lit_on_that_from_the_start_and_at_rest():
    ports = {"a": {"in": "A", "out": "A", "channel": 10}, "b": {"in": "B", "out": "B"}}
    rig = LightsRig(ports=ports)
    assert rig.handle(bank(pad(), pad(S.READY, note=37))) == [
        ("a", "99 24 00"),
        ("a", "99 25 25"),
        ("b", "90 24 00"),
        ("b", "90 25 25"),
    ]
    assert rig.handle(pad(S.QUEUED, port="a", channel=10, job=1)) == [("a", "99 24 0D")]
    assert rig.handle(pad(S.IDLE)) == [("a", "99 24 00")]
    rig.handle(PortChanged("a", "out", "lost", ""))
    assert rig.handle(PortChanged("a", "out", "open", "")) == [("a", "99 24 00"), ("a", "99 25 25")]
    rig.lights.close()
    assert sorted(rig.sent[-4:]) == [("a", "99 24 00"), ("a", "99 25 00"), ("b", "90 24 00"), ("b", "90 25 00")]


def test_a_pad_rests_on_the_channel_that_it_was_pressed_on_and_elsewhere_where_it_was():
    rig = LightsRig()
    rig.handle(bank(pad()))
    rig.handle(pad(S.LANDED, port="a", channel=10, job=1))
    assert rig.handle(pad(S.READY)) == [("a", "99 24 25"), ("b", "90 24 25")]
    assert rig.handle(pad(S.QUEUED, port="a", channel=3, job=2)) == [("a", "99 24 00"), ("a", "92 24 0D")]


def test_progress_alone_sends_nothing_again_but_a_new_job_does():
    rig = LightsRig()
    rig.handle(bank(pad()))
    rig.handle(pad(S.RENDERING, port="a", job=1, progress=0.1))
    assert rig.handle(pad(S.RENDERING, port="a", job=1, progress=0.6)) == []
    assert rig.handle(pad(S.RENDERING, port="a", job=2, progress=0.0)) == [("a", "90 24 2D")]


def test_jobs_of_one_pad_that_progress_in_turn_send_nothing_again():
    rig = LightsRig()
    rig.handle(bank(pad()))
    rig.handle(*(pad(S.RENDERING, port="a", job=job) for job in (1, 2, 3)))
    turns = [pad(S.RENDERING, port="a", job=job, progress=0.5) for job in (1, 2, 3) * 4]
    assert rig.handle(*turns) == []
    assert rig.handle(pad(S.LANDED, port="a", job=1)) == [("a", "90 24 15")]


def test_a_bank_change_clears_and_shows_everything():
    rig = LightsRig()
    rig.handle(bank(pad(note=36), pad(note=37)))
    sent = rig.handle(bank(pad(note=37, bank="y"), pad(S.READY, note=38, bank="y"), slug="y"))
    for port in "ab":
        assert [text for to, text in sent if to == port] == ["90 24 00", "90 25 00", "90 26 25"]


def test_a_pad_of_another_bank_is_not_shown():
    rig = LightsRig()
    rig.handle(bank(pad()))
    assert rig.handle(pad(S.LANDED, port="a", bank="other")) == []


def test_bound_pads_show_on_their_port_only():
    rig = LightsRig()
    assert rig.handle(bank(pad(S.READY, port="b"))) == [("b", "90 24 25")]


def test_a_port_that_comes_back_gets_everything_again():
    rig = LightsRig()
    rig.handle(bank(pad(), pad(note=37)), pad(S.RENDERING, port="a", job=1))
    rig.handle(PortChanged("a", "out", "lost", ""))
    assert rig.handle(pad(S.LANDED, port="a", job=1)) == []
    assert rig.handle(PortChanged("a", "out", "open", "")) == [("a", "90 24 15"), ("a", "90 25 00")]


def test_a_port_that_comes_back_shows_pads_busy_elsewhere_at_rest():
    rig = LightsRig(connect="a")
    rig.handle(bank(pad()), pad(S.RENDERING, port="a", job=1))
    assert rig.handle(PortChanged("b", "out", "open", "")) == [("b", "90 24 00")]


def test_inputs_and_unknown_changes_send_nothing():
    rig = LightsRig()
    rig.handle(bank(pad()))
    assert rig.handle(PortChanged("a", "in", "open", ""), PortChanged("a", "in", "lost", "")) == []


def test_a_pad_that_rests_again_goes_dark_where_it_was_pressed():
    rig = LightsRig()
    rig.handle(bank(pad()))
    rig.handle(pad(S.FAILED, port="a", job=1), pad(S.LANDED, port="b", job=2))
    assert rig.handle(pad(S.IDLE, port="b")) == [("a", "90 24 00"), ("b", "90 24 00")]


def test_families_are_told_apart_and_given_back():
    rig = LightsRig(connect=("pad",))
    rig.handle(bank(pad(note=11, colour="green")))
    assert rig.sent == [("pad", "F0 00 20 29 02 0D 0E 01 F7"), ("pad", "90 0B 15")]
    assert rig.kinds == [False, True]
    start = len(rig.sent)
    rig.lights.close()
    assert rig.sent[start:] == [("pad", "90 0B 00"), ("pad", "F0 00 20 29 02 0D 0E 00 F7")]


def job(state=JobState.LANDED, number=1, slot=3):
    return JobChanged(number, JobKind.PAD, state, "rain", "x", PadKey(36), JobTimes(0.0), slot=slot)


def test_a_landed_slot_is_told_once_as_a_note():
    rig = LightsRig(notify={"port": "b", "channel": 16})
    assert rig.handle(job(JobState.RENDERING), job(), job()) == [("b", "9F 03 64"), ("b", "8F 03 40")]
    assert rig.kinds[-2:] == [False, False]
    assert rig.handle(job(number=2, slot=8)) == [("b", "9F 08 64"), ("b", "8F 08 40")]


@pytest.mark.parametrize("show", [{}, {"notify": {"port": "b", "first_note": 126}}])
def test_no_notification_where_none_is_asked_for_or_possible(show):
    assert LightsRig(**show).handle(job()) == []


def test_messages_are_valid_midi():
    rig = LightsRig(connect=("a", "b", "pad"), notify={"port": "a"})
    rig.handle(bank(pad()), job(), *(pad(state, port="a", job=1) for state in S))
    for _, text in rig.sent:
        mido.Message.from_hex(text)


def test_each_performers_port_shows_their_bank():
    rig = LightsRig(("a", "pad"))
    rig.view.configuration = loaded(ports={"a": {"in": "A"}, "pad": {"in": "P", "performer": "right"}})
    rig.handle(bank(pad(S.READY), slug="x"))
    right = bank(pad(S.READY, 11, bank="y"), slug="y")
    assert {port for port, _ in rig.handle(dataclasses.replace(right, performer="right"))} == {"pad"}
    assert {port for port, _ in rig.handle(pad(S.QUEUED, job=1))} == {"a"}
    assert {port for port, _ in rig.handle(pad(S.QUEUED, 11, bank="y", job=2))} == {"pad"}


TWO = {
    "one": {"out": "One", "surface": "launchpad"},
    "two": {"out": "Two", "surface": "apc_mini_mk2"},
    "daw": {"out": "DAW"},
}


@pytest.mark.parametrize("place", [{}, {"place": "notes"}])
def test_a_press_is_shown_on_each_controller_that_shows_the_pad_and_sounds_in_no_daw(place):
    ports = {name: keys if name == "daw" else {**keys, **place} for name, keys in TWO.items()}
    rig = LightsRig(("one", "two", "daw"), ports=ports)
    rig.handle(bank(pad()))
    for state in (S.RENDERING, S.LANDED):
        assert {port for port, _ in rig.handle(pad(state, port="one", job=1))} == {"one", "two"}
    # What came from there is answered there, and shown by the controllers.
    assert {port for port, _ in rig.handle(pad(S.RENDERING, port="daw", job=2))} == {"one", "two", "daw"}
    # One that comes back shows what goes on.
    rig.handle(PortChanged("two", "out", "lost", ""))
    again = rig.handle(PortChanged("two", "out", "open", ""))
    rig.handle(pad(S.IDLE, job=2))
    rig.handle(PortChanged("two", "out", "lost", ""))
    assert rig.handle(PortChanged("two", "out", "open", "")) != again


def test_what_another_performer_presses_is_shown_on_their_own_controllers():
    ports = {name: {**keys, "performer": "left"} for name, keys in TWO.items()}
    ports["two"]["performer"] = "right"
    ports["more"] = {"out": "More", "surface": "launchpad", "performer": "left"}
    rig = LightsRig(("one", "two", "more"), ports=ports)
    rig.handle(bank(pad()), dataclasses.replace(bank(pad()), performer="right"))
    assert {port for port, _ in rig.handle(pad(S.RENDERING, port="one", job=1))} <= {"one", "more"}
    assert rig.handle(pad(S.LANDED, port="two", job=2)) != []


def test_a_pad_of_one_port_is_shown_on_no_other():
    rig = LightsRig(("one", "two"), ports={name: {**keys, "place": "notes"} for name, keys in TWO.items()})
    rig.handle(bank(pad(port="one")))
    assert {port for port, _ in rig.handle(pad(S.RENDERING, port="one", job=1))} == {"one"}
