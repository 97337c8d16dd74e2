from pathlib import Path

import pytest

from midifrag.clock import ManualClock
from midifrag.doors.osc.outgoing import MOST_NAME, Outgoing, standing
from midifrag.doors.osc.packets import encoded
from midifrag.events import BankChanged, PadChanged, SlotsChanged, TimeChanged
from midifrag.pad_key import PadKey
from midifrag.states import JobState, PadState
from midifrag.timeline import Signature, Timeline
from tests.page.changes import CHANGES, job, pad, slot


class Rig:
    def __init__(self):
        self.clock = ManualClock()
        self.outgoing = Outgoing(Path("fragments"), self.clock.now)

    def tell(self, *changes):
        """What is sent of changes; each can be written."""
        sent = [message for change in changes for message in self.outgoing.messages(change)]
        assert all(map(encoded, sent))
        return [(message.path.removeprefix("/midifrag/"), *message.values) for message in sent]


@pytest.fixture
def rig():
    made = Rig()
    assert made.tell(BankChanged("opening", "Opening", 0, ())) == [("bank", "opening", "Opening", 1)]
    return made


def landed(number=1, **fields):
    given = {"slot": 2, "file": "f/output02.wav", "label": "Rain", "fragment_seconds": 1.5}
    return job(JobState.LANDED, number, **(given | fields))


# --- landings --------------------------------------------------------------------------------------------------------


def test_a_landing_is_told_once_with_an_absolute_path(rig):
    path = str(Path("f/output02.wav").absolute())
    assert rig.tell(landed(), landed()) == [("slot", 2, path, 1.5, "Rain", 0.0)]
    assert rig.tell(landed(2, fragment_bars=2.0)) == [("slot", 2, path, 1.5, "Rain", 2.0)]
    assert Path(path).is_absolute()


@pytest.mark.parametrize("state", [state for state in JobState if state is not JobState.LANDED])
def test_nothing_else_is_a_landing(rig, state):
    assert rig.tell(job(state, slot=2, file="f/output02.wav")) == []


def test_a_name_of_any_length_goes_into_a_packet(rig):
    ((*_, preset, _bars),) = rig.tell(landed(label="rain\0 " * MOST_NAME))
    assert len(preset) == MOST_NAME
    assert preset.startswith("rain  rain")
    assert preset.endswith("…")


def filled(at, number=1, **fields):
    return SlotsChanged((slot(number, **{"landed_at": at, "preset": "Rain", "seconds": 1.5, **fields}),))


def test_a_fragment_that_is_put_back_is_told_and_one_that_landed_is_not_told_twice(rig):
    path = str(Path("fragments/output01.wav").absolute())
    assert rig.tell(filled(5.0), filled(5.0)) == []
    assert rig.tell(landed(7, slot=1, file=path, fragment_bars=4.0), filled(6.0, seconds=1.5)) == [
        ("slot", 1, path, 1.5, "Rain", 4.0)
    ]
    assert rig.tell(filled(5.0, preset="Wind", seconds=2.0)) == [("slot", 1, path, 2.0, "Wind", 0.0)]
    assert rig.tell(filled(5.0, preset="Wind", seconds=2.0)) == []
    # The second time undoes the first.
    assert rig.tell(filled(6.0)) == [("slot", 1, path, 1.5, "Rain", 4.0)]
    # A file that is gone or another program's is no fragment.
    assert rig.tell(filled(None), filled(7.0)) == []
    assert rig.tell(filled(6.0)) == [("slot", 1, path, 1.5, "Rain", 4.0)]


def test_what_lay_there_before_an_earlier_session_is_told_when_it_is_put_back(rig):
    rig.tell(filled(5.0))
    assert [one[0] for one in rig.tell(filled(4.0))] == ["slot"]


def test_how_everything_stands_is_told_with_what_lies_in_the_slots():
    changes = [
        BankChanged("opening", "Opening", 0, ()),
        TimeChanged(Timeline(93.0, 1.0)),
        SlotsChanged((slot(1, landed_at=5.0, preset="Rain", seconds=1.5), slot(2, landed_at=None))),
    ]
    told = list(standing(changes, Path("fragments"), ManualClock().now))
    assert all(map(encoded, told))
    assert [message.path for message in told] == ["/midifrag/bank", "/midifrag/tempo", "/midifrag/slot"]
    assert told[-1].values == (1, str(Path("fragments/output01.wav").absolute()), 1.5, "Rain", 0.0)


# --- pads ------------------------------------------------------------------------------------------------------------


def test_a_pad_tells_its_states_and_the_steps_of_its_render(rig):
    rig.tell(job(JobState.RENDERING, 3, step=1, of=8))
    assert rig.tell(pad(PadState.QUEUED, job=3)) == [("pad", 36, "queued", 0, 0)]
    assert rig.tell(pad(PadState.RENDERING, job=3)) == [("pad", 36, "rendering", 1, 8)]
    rig.tell(landed(3))
    assert rig.tell(pad(PadState.LANDED, job=3)) == [("pad", 36, "landed", 0, 0)]


def test_steps_are_told_twenty_times_a_second_a_pad_and_states_always(rig):
    told = []
    for step in range(100):
        rig.clock.time += 0.01
        rig.tell(job(JobState.RENDERING, 3, step=step, of=100), job(JobState.RENDERING, 4, 37, step=step, of=100))
        told += rig.tell(pad(PadState.RENDERING, job=3), pad(PadState.RENDERING, 37, job=4))
    mine = [one for one in told if one[1] == 36]
    assert 18 <= len(mine) <= 21
    assert len(told) == 2 * len(mine)
    assert [one[0] for one in rig.tell(pad(PadState.STALLED, job=3), pad(PadState.FAILED, job=3))] == ["pad", "pad"]


def test_a_state_that_is_no_other_one_is_not_told_again(rig):
    assert len(rig.tell(pad(PadState.QUEUED, job=3), pad(PadState.QUEUED, job=3))) == 1
    assert len(rig.tell(pad(PadState.QUEUED, job=4))) == 1


def test_a_pad_of_one_channel_is_called_by_its_key(rig):
    one = PadChanged("opening", PadKey(36, 10), None, 10, 36, PadState.IDLE, None, 0.0)
    assert rig.tell(one) == [("pad", "36/10", "idle", 0, 0)]


def test_a_bank_is_told_with_all_of_its_pads_and_pads_of_others_are_not(rig):
    rig.tell(job(JobState.RENDERING, 3, step=1, of=8))
    two = BankChanged("two", "Second", 1, (pad(PadState.RENDERING, job=3), pad(PadState.READY, 37)))
    assert rig.tell(two) == [
        ("bank", "two", "Second", 2),
        ("pad", 36, "rendering", 1, 8),
        ("pad", 37, "ready", 0, 0),
    ]
    assert rig.tell(pad(PadState.LANDED)) == []


# --- time ------------------------------------------------------------------------------------------------------------


def test_the_tempo_is_told_when_it_is_another_one(rig):
    line = Timeline(120.0, 0.0)
    lines = [
        line,
        Timeline(120.004, 1.0, 2.0),
        Timeline(121.0, 2.0),
        Timeline(121.0, 2.0, signature=Signature(6, 8)),
        Timeline(121.0, 3.0, signature=Signature(6, 8), running=False),
        Timeline(121.0, 4.0, signature=Signature(6, 8), running=False, source="link"),
    ]
    assert rig.tell(*map(TimeChanged, lines)) == [
        ("tempo", 120.0, 4, 4, 1),
        ("tempo", 121.0, 4, 4, 1),
        ("tempo", 121.0, 6, 8, 1),
        ("tempo", 121.0, 6, 8, 0),
    ]


def test_a_tempo_that_drifts_is_told_once_it_is_off(rig):
    told = rig.tell(*(TimeChanged(Timeline(120 + step / 250, 0.0)) for step in range(10)))
    assert [one[1] for one in told] == pytest.approx([120.0, 120.012, 120.024, 120.036])


def test_whatever_else_is_told_is_nothing_to_send(rig):
    kept = {"bank", "pads", "slots", "beat", "jobs", "midi", "configuration"}
    assert rig.tell(*(change for part, change in CHANGES.items() if part not in kept)) == []


def test_a_name_with_a_placeholder_is_told_as_what_was_rendered(rig):
    ((*_, preset, _bars),) = rig.tell(landed(label="beat at {bpm}", prompt="beat at 92"))
    assert preset == "beat at 92"
    rig.tell(filled(5.0))
    ((*_, preset, _bars),) = rig.tell(filled(4.0, preset="beat at {bpm}", prompt="beat at 92"))
    assert preset == "beat at 92"
