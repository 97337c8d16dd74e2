from __future__ import annotations

from dataclasses import replace

import pytest

from midifrag.bridge.absences import PATIENCE, Absences, as_stand_in
from midifrag.clock import ManualClock
from midifrag.config.parameters import Preset
from midifrag.engine.messages import Died, Failed, Ready, Resumed, Stalled, Started, Warming
from tests.support.bridges import INFO


class Company:
    """The absences of a show whose engine, pocket, is loaded from second 1000 on."""

    def __init__(self, stand_in="sketch"):
        self.clock = ManualClock()
        self.absences = Absences(self.clock, stand_in, ["pocket"])

    def say(self, *events, model="pocket", after=0.0):
        self.clock.time += after
        for event in events:
            self.absences.note(model, event)
        return self.absences


def died(restarting=True):
    return Died("killed", (), restarting)


def test_an_engine_answers_once_it_is_loaded_or_has_begun_to_work():
    assert not Company().absences.answers("pocket")
    assert not Company().say(Warming(1, 2, "x")).answers("pocket")
    assert Company().say(Ready(INFO)).answers("pocket")
    assert Company().say(Started(1)).answers("pocket")
    assert Company().say(Failed(1, "why")).answers("pocket")


def test_an_engine_that_warms_up_once_more_still_answers():
    company = Company()
    company.say(Ready(INFO), Warming(1, 2, "another size"))
    assert company.absences.loading == ("pocket",)
    assert company.absences.answers("pocket")


@pytest.mark.parametrize("event", [Stalled(5.0), died()])
def test_an_engine_that_stalls_or_is_away_does_not_answer(event):
    company = Company()
    company.say(Ready(INFO), event)
    assert not company.absences.answers("pocket")
    assert company.say(Ready(INFO)).answers("pocket")


def test_an_engine_that_stalled_has_not_answered_since_its_last_sign():
    company = Company()
    company.say(Ready(INFO))
    company.say(Stalled(5.0), after=20.0)
    assert (company.absences.since("pocket"), company.absences.is_stalled("pocket")) == (1015.0, True)
    company.say(Resumed())
    assert (company.absences.since("pocket"), company.absences.is_stalled("pocket")) == (None, False)
    company.say(Stalled(5.0), after=20.0)
    company.say(died(), after=5.0)
    assert (company.absences.since("pocket"), company.absences.is_stalled("pocket")) == (1035.0, False)
    company.say(died(), after=5.0)
    assert (company.absences.since("pocket"), company.absences.away) == (1035.0, ("pocket",))


def test_one_that_goes_on_though_it_never_stalled_changes_nothing():
    assert Company().say(Ready(INFO), Resumed()).since("pocket") is None


def test_an_engine_is_away_from_its_death_until_it_is_ready():
    company = Company()
    assert not company.absences.is_away("pocket")
    company.say(Ready(INFO), Stalled(5.0))
    assert not company.absences.is_away("pocket")
    company.say(died())
    assert company.absences.is_away("pocket")
    assert not company.absences.is_away("sketch")
    company.say(Ready(INFO))
    assert not company.absences.is_away("pocket")


def test_one_that_is_lost_while_it_is_loaded_is_loaded_no_more():
    company = Company()
    company.say(Warming(1, 2, "x"), model="sketch")
    company.say(died(restarting=False))
    assert company.absences.loading == ("sketch",)


def test_how_long_an_engine_takes_to_come_back_is_learned_from_the_last_time():
    company = Company()
    assert company.absences.expected("pocket") is None
    company.say(Ready(INFO), after=20.0)
    company.say(Ready(INFO), after=20.0)
    assert company.absences.expected("pocket") == 20.0
    company.say(died(), after=9.0)
    company.say(Ready(INFO), after=30.0)
    assert company.absences.expected("pocket") == 30.0


def test_one_that_is_begun_later_takes_as_long_as_it_warms_up():
    company = Company()
    company.say(Warming(0, 1, "sketch"), model="sketch", after=50.0)
    company.say(Ready(INFO), model="sketch", after=2.0)
    assert company.absences.expected("sketch") == 2.0


def test_somebody_stands_in_for_an_engine_that_is_away_for_too_long():
    company = Company()
    company.say(Ready(INFO), died())
    assert company.absences.substitute("pocket") is None
    company.clock.time += PATIENCE
    assert company.absences.substitute("pocket") == "sketch"
    company.say(Ready(INFO))
    assert company.absences.substitute("pocket") is None
    company.say(Stalled(5.0), after=60.0)
    assert company.absences.substitute("pocket") is None


@pytest.mark.parametrize("stand_in", [None, "pocket"])
def test_nobody_stands_in_where_there_is_none_but_itself(stand_in):
    company = Company(stand_in)
    company.say(died())
    company.clock.time += PATIENCE
    assert company.absences.substitute("pocket") is None


@pytest.mark.parametrize("restarting", [True, False])
def test_who_is_not_there_stands_in_for_nobody_until_it_is_back(restarting):
    company = Company()
    company.say(died())
    company.say(died(restarting), model="sketch")
    company.clock.time += PATIENCE
    assert company.absences.substitute("pocket") is None
    assert company.absences.is_lost("sketch") is not restarting
    company.say(Ready(INFO), model="sketch")
    assert company.absences.substitute("pocket") == "sketch"


def test_one_that_is_lost_for_good_is_no_longer_away():
    company = Company()
    company.say(died(), died(restarting=False))
    assert (company.absences.away, company.absences.is_lost("pocket")) == ((), True)


def test_who_stands_in_makes_the_sound_in_its_own_way():
    preset = Preset(
        prompt="rain", negative_prompt="hiss", seconds=30, seed=7, steps=80, cfg_scale=9, sampler="x", sigma_max=50
    )
    plain = Preset(prompt="rain", negative_prompt="hiss", seconds=30, seed=7)
    assert as_stand_in(preset, None) == plain
    assert as_stand_in(preset, replace(INFO, max_seconds=11.0)) == replace(plain, seconds=11.0)
    assert as_stand_in(replace(preset, seconds=None), INFO).seconds is None


@pytest.mark.parametrize(("line", "prompt"), [("0.4 to glass", "rain"), ("0.5 to glass", "glass"), (None, "rain")])
def test_who_stands_in_plays_the_nearer_one_of_two_prompts(line, prompt):
    preset = as_stand_in(Preset(prompt="rain", morph=line), None)
    assert (preset.prompt, preset.morph) == (prompt, None)


def test_nobody_waits_any_longer_for_an_engine_elsewhere_that_says_it_is_away():
    clock = ManualClock()
    absences = Absences(clock, "sketch", ["studio/open"], lambda model: model.startswith("studio/"))
    absences.note("studio/open", died())
    absences.note("pocket", died())
    assert (absences.substitute("studio/open"), absences.substitute("pocket")) == ("sketch", None)


def test_an_engine_that_takes_nothing_new_may_finish_until_it_is_gone_or_back():
    company = Company()
    ends = Died("it ends", (), restarting=True, finishing=True)
    assert company.say(Ready(INFO), ends).is_finishing("pocket")
    assert company.absences.is_away("pocket")
    assert not company.say(died()).is_finishing("pocket")
    assert not company.say(ends, Ready(INFO)).is_finishing("pocket")
