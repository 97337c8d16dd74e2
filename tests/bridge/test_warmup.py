from dataclasses import replace

import pytest

from midifrag.bridge.warmup import aligns_loops, stretches, warm_renders
from midifrag.config.lengths import Limits
from tests.support.shows import bank, loaded


def test_every_preset_of_every_bank_is_warmed_once_by_its_model():
    show = loaded(
        bank("one", {36: {"prompt": "rain"}, 37: {"prompt": "rain"}, 38: {"prompt": "{bpm} beat", "seconds": 2}}),
        bank("two", {36: {"prompt": "rain"}, 37: {"prompt": "bell", "model": "pocket"}}),
        defaults={"steps": 9},
        tempo=99,
    )
    warm = warm_renders(show)
    assert [(render.prompt, render.seconds, render.steps) for render in warm["sketch"] if not render.spare] == [
        ("rain", None, 9),
        ("99 beat", 2, 9),
    ]
    assert [render.prompt for render in warm["pocket"] if not render.spare] == ["bell"]


def reached(show, model="sketch"):
    return [(one.prompt, one.seconds, one.cfg_scale) for one in warm_renders(show)[model] if one.spare]


def test_what_controls_make_of_a_preset_is_warmed_later():
    controls = [{"cc": 1, "sets": "seconds", "range": [1, 1.6]}, {"cc": 2, "sets": "cfg_scale", "range": [1, 7]}]
    show = loaded(bank("one", {36: {"prompt": "rain", "seconds": 2, "cfg_scale": 3}}), controls=controls)
    kinds = {(seconds, scale == 1) for _, seconds, scale in reached(show)}
    assert kinds == {(seconds, plain) for seconds in (2, 1, 1.25, 1.5, 1.6) for plain in (False, True)} - {(2, False)}


def test_a_bank_s_own_controls_and_a_pad_s_velocity_count_for_them_alone():
    grown = {"sets": "seconds", "range": [1, 1.25]}
    show = loaded(
        bank("one", {36: {"prompt": "rain", "velocity": grown}, 37: {"prompt": "bell", "model": "pocket"}}),
        bank("two", {36: {"prompt": "hum", "model": "small"}}, controls=[{"cc": 1, **grown}]),
    )
    assert [one[:2] for one in reached(show)] == [("rain", 1), ("rain", 1.25)]
    assert reached(show, "pocket") == []
    assert [one[:2] for one in reached(show, "small")] == [("hum", 1), ("hum", 1.25)]


def test_equal_kinds_are_warmed_later_once():
    pads = {36: {"prompt": "rain"}, 37: {"prompt": "bell"}, 38: {"prompt": "x", "seconds": 1.5}}
    show = loaded(bank("one", pads), controls=[{"cc": 1, "sets": "seconds", "range": [1, 1.5]}])
    assert sorted(one[1] for one in reached(show)) == [1, 1.25]


def test_the_shows_model_is_loaded_even_if_every_pad_has_another():
    show = loaded(bank("one", {36: {"prompt": "bell", "model": "pocket"}}))
    assert warm_renders(show)["sketch"] == ()


@pytest.mark.parametrize("other", ["sketch", "none", "pocket"])
def test_what_stands_in_is_loaded_from_the_start_unless_it_is_quick_or_there_already(other):
    show = loaded(bank("one", {36: {"prompt": "rain", "steps": 9}}), model="pocket", engine={"stand_in": other})
    assert list(warm_renders(show)) == ["pocket"]


def test_what_stands_in_for_a_server_is_loaded_from_the_start_however_quick_it_is():
    servers = {"studio": {"url": "ws://127.0.0.1:8770"}}
    show = loaded(bank("one", {36: {"prompt": "rain"}}), model="studio/open", servers=servers)
    assert list(warm_renders(show)) == ["studio/open", "sketch"]


def test_another_model_that_stands_in_is_prepared_for_what_it_would_be_asked_when_idle():
    show = loaded(
        bank("one", {36: {"prompt": "rain", "steps": 9, "seconds": 2}, 37: {"prompt": "bell", "model": "pocket"}}),
        model="open",
        engine={"stand_in": "pocket"},
    )
    (bell, rain) = warm_renders(show)["pocket"]
    assert (bell.prompt, bell.spare) == ("bell", False)
    assert (rain.prompt, rain.seconds, rain.steps, rain.spare) == ("rain", 2, None, True)


def test_beats_are_listened_for_only_where_some_pad_wants_it():
    aligned = {"fragment": {"loop": True, "loop_align": True}}
    assert aligns_loops(loaded(bank("one", {36: {"prompt": "rain"}, 37: {"prompt": "beat", **aligned}})))
    assert not aligns_loops(loaded(bank("one", {36: {"prompt": "beat", "fragment": {"loop": True}}})))


def test_a_length_in_music_is_warmed_as_the_seconds_that_it_asks_for():
    show = loaded(bank("one", {36: {"prompt": "rain", "bars": 2}}), tempo=60, time={"signature": "3/4"})
    assert [(one.seconds, one.spare) for one in warm_renders(show)["sketch"]] == [(6.5, False)]
    controls = [{"cc": 1, "sets": "beats", "range": [1, 3]}]
    show = loaded(bank("one", {36: {"prompt": "rain", "seconds": 4}}), controls=controls)
    assert [one[1] for one in reached(show)] == [1.0, 1.5, 2.0]


def test_what_a_model_renders_at_most_and_at_least_bounds_what_is_warmed():
    show = loaded(bank("one", {36: {"prompt": "rain", "bars": 8}, 37: {"prompt": "hum", "seconds": 1}}))
    show = replace(show, limits={"sketch": Limits(4.0, 10.0)})
    assert [one.seconds for one in warm_renders(show)["sketch"]] == [10.0, 4.0]


def test_the_stretcher_is_started_only_where_some_pad_wants_it():
    wanted = {"fragment": {"stretch": True}}
    assert stretches(loaded(bank("one", {36: {"prompt": "rain"}, 37: {"prompt": "beat", "bars": 1, **wanted}})))
    assert not stretches(loaded(bank("one", {36: {"prompt": "beat", "bars": 1}})))
