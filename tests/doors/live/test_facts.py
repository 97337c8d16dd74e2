import pytest

from midifrag.doors.live.copy_record import Copy, Facts
from midifrag.doors.live.facts import facts_of_content, facts_of_job, land
from midifrag.events import JobChanged, JobTimes
from midifrag.fragment.slot_content import SlotContent
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, JobState
from tests.support.shows import loaded, one_pad


def job(**keys):
    return JobChanged(
        1, JobKind.PAD, JobState.LANDED, "rain", "opening", **{"pad": PadKey(36), "times": JobTimes(0), **keys}
    )


def copy(seconds=2.0, **facts):
    return Copy(file="0001 rain.wav", slot=3, landing=1, seconds=seconds, facts=Facts(**facts))


@pytest.mark.parametrize(
    ("colour", "told"),
    [("red", "#FF0000"), ("blue", "#0028FF"), ("white", "#FFFFFF"), ("off", None), (None, None)],
)
def test_a_pad_says_its_colour_and_whether_it_loops(colour, told):
    keys = {} if colour is None else {"colour": colour}
    show = loaded(one_pad(fragment={"loop": True}, **keys))
    assert facts_of_job(show, job(asked_quarters=4.0)) == Facts(name="rain", colour=told, loop=True, quarters=4.0)


def test_where_there_is_no_pad_the_set_says_whether_it_loops():
    show = loaded(one_pad(fragment={"loop": False}), fragments={"loop": True})
    assert not facts_of_job(show, job()).loop
    for other in (job(pad=None), job(pad=PadKey(99))):
        assert facts_of_job(loaded(fragments={"loop": True}), other).loop
    content = SlotContent(1, 1, True, 1, 1, "x", "wind", 1.0, 1.0)
    assert facts_of_content(show, content) == Facts(name="wind", loop=True)
    assert facts_of_content(show, None) == Facts(loop=True)


def test_a_length_in_music_says_the_tempo_that_the_fragment_has():
    told = land(7, copy(quarters=4.0, name="a\n b", colour="#FF0000", loop=True), "/x/0001 rain.wav", again=True)
    assert told.model_dump() == {
        "type": "land", "serial": 7, "slot": 3, "path": "/x/0001 rain.wav", "name": "a b", "colour": "#FF0000",
        "seconds": 2.0, "loop": True, "bpm": 120.0, "beats": 4.0, "again": True,
    }  # fmt: skip
    plain = land(8, copy(), "/x", again=False)
    assert (plain.bpm, plain.beats, plain.loop, plain.again) == (None, None, False, False)
    empty = land(9, copy(seconds=0.0, quarters=4.0, name="x" * 500), "/x", again=False)
    assert (empty.bpm, empty.beats, len(empty.name)) == (None, None, 200)
