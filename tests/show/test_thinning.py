import pytest

from midifrag.events import BankChanged, ControlChanged, JobChanged, JobTimes, Meters, PadChanged, Sounding, TimeChanged
from midifrag.intents import SetParameter
from midifrag.midi.messages import Aftertouch, ControlChange, NoteOn, Nrpn, PitchBend
from midifrag.pad_key import PadKey
from midifrag.show.thinning import Thinning
from midifrag.states import JobKind, JobState, PadState
from midifrag.timeline import Signature, Timeline


def cc(value, number=21, channel=1, port="p"):
    return ControlChange(port, channel, number, value, 0.0)


NOTE = NoteOn("p", 1, 36, 100, 0.0)


def test_the_newest_position_is_logged_before_what_comes_after_it():
    thinning = Thinning()
    for at in range(100):
        assert list(thinning.take(at, cc(at), position=True)) == []
    assert thinning.waits
    assert list(thinning.take(100, NOTE)) == [(99, cc(99)), (100, NOTE)]
    assert not thinning.waits
    assert list(thinning.rest()) == []


def test_each_control_has_a_newest_position_and_they_keep_their_order():
    thinning = Thinning()
    moves = [cc(1), cc(2, 22), cc(3, channel=2), cc(4, port="q"), PitchBend("p", 1, 5, 0.0), PitchBend("p", 2, 6, 0.0)]
    moves += [Aftertouch("p", 1, 7, 0.0), Aftertouch("p", 1, 8, 0.0, note=9), ControlChanged("steps", 5.0)]
    moves += [ControlChanged("seconds", 2.0), cc(9)]
    for at, move in enumerate(moves):
        assert list(thinning.take(at, move, position=not isinstance(move, ControlChanged))) == []
    assert list(thinning.rest()) == list(enumerate(moves))[1:]


def test_of_values_that_are_set_the_newest_of_each_name_counts():
    thinning = Thinning()
    values = [SetParameter("steps", 4.0), SetParameter("cfg_scale", 5.0), SetParameter("steps", 6.0)]
    for at, value in enumerate(values):
        assert list(thinning.take(at, value, position=True)) == []
    assert list(thinning.rest()) == list(enumerate(values))[1:]


def test_a_cc_that_is_no_position_is_kept():
    assert list(Thinning().take(1, cc(127))) == [(1, cc(127))]


def job(state, number=1, **fields):
    return JobChanged(number, JobKind.PAD, state, "rain", "opening", PadKey(36), JobTimes(0.0), **fields)


def pad(state, key=36, **fields):
    return PadChanged("opening", PadKey(key), "p", 1, key, state, None, 0.0, **fields)


def logged(*events):
    thinning = Thinning()
    return [event for event in events if list(thinning.take(1.0, event))]


def test_the_steps_of_a_render_are_no_news_and_its_states_are():
    jobs = [job(JobState.QUEUED), job(JobState.RENDERING, step=0, of=9), job(JobState.RENDERING, step=1, of=9)]
    jobs += [job(JobState.RENDERING, text="writing", step=9, of=9), job(JobState.HELD, text="the disk is full")]
    jobs += [job(JobState.RENDERING, 2, step=3, of=9), job(JobState.LANDED), job(JobState.RENDERING, step=1, of=9)]
    assert logged(*jobs) == [*jobs[:2], *jobs[3:]]


def test_a_bank_says_what_its_pads_show_so_that_what_they_showed_before_is_news_again():
    ready, idle = pad(PadState.READY), pad(PadState.IDLE)
    bank = BankChanged("opening", "Opening", 0, (idle,))
    assert logged(ready, bank, ready) == [ready, bank, ready]
    assert logged(ready, bank, idle) == [ready, bank]


def test_a_pad_that_shows_the_same_is_no_news():
    pads = [pad(PadState.RENDERING, job=1, progress=0.1), pad(PadState.RENDERING, job=1, progress=0.2)]
    pads += [pad(PadState.RENDERING, 37, job=1), pad(PadState.RENDERING, job=2), pad(PadState.FAILED, job=2, text="x")]
    assert logged(*pads) == [pads[0], *pads[2:]]


LINE = Timeline(120, 100.0)


@pytest.mark.parametrize(
    ("line", "is_logged"),
    [
        (LINE, False),
        (Timeline(120, 130.0, 60.0), False),
        # Off by 2 ms, and by 10.
        (Timeline(120, 130.0, 60.004), False),
        (Timeline(120, 130.0, 60.02), True),
        (Timeline(120.1, 130.0, 60.0), False),
        (Timeline(121, 130.0, 60.0), True),
        (Timeline(120, 130.0, 60.0, running=False), True),
        (Timeline(120, 130.0, 60.0, source="link"), True),
        (Timeline(120, 130.0, 60.0, Signature(3, 4)), True),
    ],
)
def test_of_musical_time_it_is_logged_what_differs(line, is_logged):
    thinning = Thinning()
    assert list(thinning.take(1.0, TimeChanged(LINE)))
    assert bool(list(thinning.take(2.0, TimeChanged(line)))) is is_logged


def test_small_corrections_are_logged_when_they_have_become_a_large_one():
    thinning = Thinning()
    lines = [TimeChanged(Timeline(120, 100.0, number * 0.002)) for number in range(20)]
    logged = [entry for line in lines for entry in thinning.take(1.0, line)]
    assert 2 < len(logged) < 7


def test_meters_are_no_news():
    thinning = Thinning()
    assert list(thinning.take(1.0, Meters((0.5,), 0.5))) == []
    assert list(thinning.take(1.0, Sounding(1, 7, True, 1.0))) == [(1.0, Sounding(1, 7, True, 1.0))]


def test_values_of_pads_performers_and_parameters_lie_apart():
    thinning = Thinning()
    told = [
        ControlChanged("steps", 3),
        ControlChanged("steps", 4, bank="opening", pad=PadKey(36)),
        ControlChanged("steps", 5, bank="opening", pad=PadKey(37)),
        ControlChanged("steps", 6, performer="right"),
        Nrpn("p", 1, 300, 1, 0.0),
        Nrpn("p", 1, 301, 1, 0.0),
    ]
    for one in told:
        assert list(thinning.take(1, one, position=True)) == []
    assert [event for _, event in thinning.rest()] == told
