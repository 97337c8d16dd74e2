from midifrag.events import BankChanged, ControlChanged, JobChanged, JobTimes, Meters, PadChanged, Sounding
from midifrag.midi.messages import Aftertouch, ControlChange, NoteOn, PitchBend
from midifrag.pad_key import PadKey
from midifrag.show.thinning import Thinning
from midifrag.states import JobKind, JobState, PadState


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


def test_meters_are_no_news():
    thinning = Thinning()
    assert list(thinning.take(1.0, Meters((0.5,), 0.5))) == []
    assert list(thinning.take(1.0, Sounding(1, 7, True, 1.0))) == [(1.0, Sounding(1, 7, True, 1.0))]
