"""What each pad landed last."""

from midifrag.bridge.jobs import Job, Origin, PressedPad, RenderJob, request
from midifrag.bridge.last_landed import Landing, LastLanded
from midifrag.config.parameters import Preset
from midifrag.events import JobTimes
from midifrag.fragment.options import FragmentOptions
from midifrag.pad_key import PadKey
from midifrag.states import JobKind

PAD = PressedPad(PadKey(36), 36, 1, "p")
PLACE = ("opening", PadKey(36))


def rendered(number, slot, *, used=None, pad=PAD, take=None):
    preset = Preset(prompt="rain")
    return RenderJob(
        number=number,
        origin=Origin(JobKind.PAD, "opening", "rain", pad),
        prompt="rain",
        times=JobTimes(0.0),
        model="sketch",
        preset=preset,
        render=request(preset, number, 40 + number),
        options=FragmentOptions(),
        slot=slot,
        take=take,
        used=used or {},
    )


def again(number, slot):
    origin = Origin(JobKind.TAKE, "opening", "rain", PAD)
    return Job(number=number, origin=origin, prompt="rain", times=JobTimes(0.0), slot=slot, take=5)


def test_the_last_landing_of_a_pad_with_the_seed_that_was_really_used():
    last = LastLanded()
    assert last.of(PLACE) is None
    last.landed(rendered(1, 2))
    assert last.of(PLACE) == Landing(1, 2, None, 41)
    last.landed(rendered(2, 3, used={"seed": 7}, take=9))
    assert last.of(PLACE) == Landing(2, 3, 9, 7)
    last.landed(rendered(3, 3, used={"seed": None}))
    assert last.of(PLACE).seed is None


def test_what_lands_again_keeps_its_seed():
    last = LastLanded()
    last.landed(rendered(1, 2, used={"seed": 7}))
    last.landed(again(2, 3))
    assert last.of(PLACE) == Landing(2, 3, 5, 7)


def test_what_lands_again_before_anything_else_has_none():
    last = LastLanded()
    last.landed(again(2, 3))
    assert last.of(PLACE) == Landing(2, 3, 5, None)


def test_a_number_may_come_later():
    last = LastLanded()
    last.landed(rendered(1, 2))
    last.archived(9, 4)
    last.archived(1, 5)
    assert last.of(PLACE).take == 5


def test_a_pad_sounds_while_its_fragment_lies_in_a_slot_that_does():
    last = LastLanded()
    last.landed(rendered(1, 2))
    assert not last.sounds(PLACE)
    last.play(2, True)
    last.play(2, True)
    assert last.sounds(PLACE)
    assert not last.sounds(("opening", PadKey(37)))
    # A typed prompt has taken the slot.
    last.landed(rendered(2, 2, pad=None))
    assert not last.sounds(PLACE)
    assert last.of(PLACE).job == 1
    last.landed(rendered(3, 2))
    last.play(2, False)
    last.play(2, False)
    assert not last.sounds(PLACE)


def test_a_job_without_a_slot_is_none():
    last = LastLanded()
    last.landed(rendered(1, None))
    assert last.of(PLACE) is None
