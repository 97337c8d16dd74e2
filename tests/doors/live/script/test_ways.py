import pytest

from midifrag.doors.live.script.messages import Target
from midifrag.doors.live.script.objects import SimplerItem, Standing, TrackItem
from midifrag.doors.live.script.ways import Choice, Fails, Waits, choose

SIMPLER = SimplerItem(None, (), ("midifrag 3", "Simpler"), frozenset())
AUDIO = TrackItem(None, "midifrag 3")
BOTH, ONLY_SIMPLER, ONLY_AUDIO, NEITHER = Standing(SIMPLER, AUDIO), Standing(SIMPLER), Standing(None, AUDIO), Standing()
ALL = ("replace_sample", "create_audio_clip")


def target(way, **fields):
    return Target(**{"way": way, "name": "midifrag 3", "note": None, "track": None, "scene": None, **fields})


@pytest.mark.parametrize(
    ("way", "standing", "item"),
    [
        ("auto", BOTH, SIMPLER),
        ("auto", ONLY_AUDIO, AUDIO),
        ("simpler", BOTH, SIMPLER),
        ("clip", BOTH, AUDIO),
    ],
)
def test_a_live_that_can_all_goes_the_way_that_is_wished_for(way, standing, item):
    assert choose(3, target(way), standing, ALL) == Choice(item, "")


@pytest.mark.parametrize(
    ("way", "standing", "has", "item", "words"),
    [
        (
            "simpler",
            BOTH,
            ["create_audio_clip"],
            AUDIO,
            "cannot replace a Simpler's sample (12.4 can): an audio track is used",
        ),
        (
            "auto",
            BOTH,
            ["create_audio_clip"],
            AUDIO,
            "cannot replace a Simpler's sample (12.4 can): an audio track is used",
        ),
        ("clip", BOTH, ["replace_sample"], SIMPLER, "cannot make audio clips"),
        ("auto", ONLY_AUDIO, ["create_audio_clip"], AUDIO, ""),
    ],
)
def test_where_live_lacks_a_function_the_other_way_is_used_and_told(way, standing, has, item, words):
    choice = choose(3, target(way), standing, has)
    assert isinstance(choice, Choice)
    assert choice.item is item
    assert words in choice.remark
    assert bool(words) == bool(choice.remark)


@pytest.mark.parametrize(
    ("wanted", "standing", "has", "words"),
    [
        (
            target("auto"),
            NEITHER,
            ALL,
            "give a track or chain with a Simpler or an audio track the name 'midifrag 3' in Live",
        ),
        (target("clip"), ONLY_SIMPLER, ALL, "give an audio track the name 'midifrag 3' in Live"),
        (target("simpler"), ONLY_SIMPLER, ["create_audio_clip"], "(12.4 can): give an audio track the name"),
        (target("simpler", track="drums"), NEITHER, ALL, "the name 'midifrag 3' in Live in the track 'drums'"),
        (target("auto", name=None, note=60), NEITHER, ALL, "no drum pad of note 60 has a Simpler: load one"),
        (target("auto", name=None, note=60, track="d"), NEITHER, ALL, "no drum pad of note 60 has a Simpler: load one"),
    ],
)
def test_what_is_missing_says_what_to_do(wanted, standing, has, words):
    outcome = choose(3, wanted, standing, has)
    assert isinstance(outcome, Waits)
    assert outcome.text.startswith("slot 3: ")
    assert outcome.text.endswith(words) or words in outcome.text


def test_a_live_that_can_nothing_fails():
    outcome = choose(3, target("auto"), BOTH, [])
    assert isinstance(outcome, Fails)
    assert "12.4" in outcome.text
    assert "11.3.25" in outcome.text
