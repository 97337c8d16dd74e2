import dataclasses
import random

from midifrag.bridge.bridge import Bridge
from midifrag.fragment.length import MusicalLength, SecondsLength
from midifrag.intents import SetParameter
from tests.bridge.sound_rigs import read, reads, rig_of
from tests.support.bridges import INFO, Rig
from tests.support.shows import bank, loaded


def pressed(rig, note=36):
    """Press a pad; what the engine is asked."""
    rig.press(note)
    return rig.engines.renders()[-1]


def test_seeds_are_drawn_from_all_there_are_unless_the_pad_has_its_own():
    rig = Rig(loaded(bank(pads={36: {"prompt": "rain"}, 37: {"prompt": "rain", "seed": 7}})))
    drawn = random.Random(1)
    assert [pressed(rig).seed for _ in range(20)] == [drawn.randrange(2**32) for _ in range(20)]
    assert pressed(rig, 37).seed == 7


def test_seeds_differ_from_show_to_show():
    shows = [Rig() for _ in range(2)]
    for rig in shows:
        rig.bridge = Bridge(loaded(), rig.engines, rig.writes.append, rig.changes.append, rig.clock)
    assert pressed(shows[0]).seed != pressed(shows[1]).seed


def test_a_model_s_own_limits_bound_what_is_asked_for():
    rig = Rig(loaded(bank(pads={36: {"prompt": "rain", "beats": 1}, 37: {"prompt": "hum", "seconds": 1}})))
    rig.engines.info = lambda model: dataclasses.replace(INFO, model=model, min_seconds=4.0, max_seconds=9.0)
    rig.press(36)
    rig.press(37)
    beat, second = rig.engines.renders()
    assert (beat.seconds, second.seconds) == (4.0, 4.0)
    rig.rendered(beat)
    rig.rendered(second)
    assert [land.length for land in rig.lands()] == [MusicalLength(1, "beats", 120), SecondsLength(1.0)]
    assert [land.record.cut_seconds for land in rig.lands()] == [None, 1.0]
    rig.bridge.handle(SetParameter("bars", 8))
    rig.press(36)
    assert rig.engines.renders()[-1].seconds == 9.0


def test_each_model_has_limits_of_its_own():
    rig = Rig(
        loaded(bank(pads={36: {"prompt": "rain", "bars": 8, "model": "small"}, 37: {"prompt": "hum", "bars": 8}}))
    )
    rig.engines.longest["small"] = 5.0
    short, whole = (pressed(rig, note).seconds for note in (36, 37))
    assert (short, whole > 16) == (5.0, True)


def test_of_an_input_as_much_is_heard_as_the_music_lasts():
    rig = rig_of(**{"from": "input", "bars": 1})
    rig.press()
    assert [asked.seconds for asked in reads(rig)] == [2.0]


def test_a_part_is_as_long_as_its_sound_whatever_seconds_are_set():
    rig = rig_of(spares=True, **{"from": "slot 1", "continue": 4})
    rig.bridge.housekeeping()
    read(rig)
    rig.bridge.housekeeping()
    rig.rendered(rig.engines.renders()[0])
    rig.bridge.handle(SetParameter("seconds", 5))
    rig.bridge.housekeeping()
    rig.press()
    assert len(rig.engines.renders()) == len(rig.lands()) == 1
