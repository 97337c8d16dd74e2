import pytest

from midifrag.events import Notice
from midifrag.intents import Prompt
from tests.support.bridges import Rig
from tests.support.shows import bank, loaded, one_pad


def test_a_press_becomes_a_request_with_the_preset_and_all_control_values():
    show = loaded(
        bank(pads={36: {"prompt": "rain", "cfg_scale": 3}}, defaults={"steps": 9}),
        defaults={"seconds": 2},
        controls=[{"cc": 21, "sets": "cfg_scale", "range": [1, 12]}],
    )
    rig = Rig(show)
    rig.press()
    rig.turn(21, 127)
    rig.press()
    first, second = rig.engines.renders()
    assert (first.prompt, first.seconds, first.steps, first.cfg_scale) == ("rain", 2, 9, 3)
    assert second.cfg_scale == 12
    assert first.seed != second.seed


def test_twelve_notes_at_one_instant_are_twelve_jobs():
    rig = Rig(loaded(bank(pads={n: {"prompt": f"bell {n}"} for n in range(36, 48)})))
    for note in range(36, 48):
        rig.press(note)
    assert [r.prompt for r in rig.engines.renders()] == [f"bell {n}" for n in range(36, 48)]


def test_an_unmapped_note_does_nothing():
    rig = Rig()
    rig.press(99)
    assert rig.engines.renders() == []


def test_velocity_sets_a_parameter():
    rig = Rig(loaded(bank(pads={36: {"prompt": "x", "velocity": {"sets": "steps", "range": [10, 137]}}})))
    rig.press(velocity=127)
    rig.press(velocity=1)
    assert [r.steps for r in rig.engines.renders()] == [137, 11]


@pytest.mark.parametrize(
    ("rule", "renders", "cancels"), [("queue", 2, 0), ("replace", 2, 1), ("ignore", 1, 0), ("cancel", 1, 1)]
)
def test_press_rules(rule, renders, cancels):
    rig = Rig(loaded(one_pad(on_repress=rule)))
    rig.press()
    rig.press()
    assert (len(rig.engines.renders()), len(rig.engines.cancels())) == (renders, cancels)


def test_a_choke_group_cancels_the_others_of_the_group_only():
    pads = {
        36: {"prompt": "a", "choke": "x"},
        37: {"prompt": "b", "choke": "x"},
        38: {"prompt": "c"},
    }
    rig = Rig(loaded(bank(pads=pads)))
    for note in (36, 38, 37):
        rig.press(note)
    assert rig.engines.cancels() == [rig.engines.renders()[0].job]


def test_a_full_queue_refuses_on_the_pad_and_forgets_nothing_else():
    rig = Rig(loaded(queue={"size": 2}))
    for _ in range(3):
        rig.press()
    assert len(rig.engines.renders()) == 2
    assert rig.pad_states() == ["queued", "queued", "refused"]
    assert "queue is full (2 " in rig.jobs()[-1].text


def test_a_typed_prompt_is_rendered_and_a_wrong_one_says_what_is_wrong():
    rig = Rig()
    rig.bridge.handle(Prompt("glass bell", {"steps": 5, "slot": 3}, rig.clock.now()))
    (render,) = rig.engines.renders()
    assert (render.prompt, render.steps) == ("glass bell", 5)
    rig.rendered(render)
    assert rig.lands()[0].slot == 3
    rig.bridge.handle(Prompt("glass bell", {"steps": 0}, rig.clock.now()))
    assert isinstance(rig.changes[-1], Notice)
    assert "steps" in rig.changes[-1].text


def test_a_prompt_for_a_model_that_is_not_there_says_so():
    rig = Rig()
    rig.bridge.handle(Prompt("rain", {"model": "nope"}, 0.0))
    assert rig.engines.sent == []
    assert "nope" in rig.changes[-1].text


def test_a_pads_own_fragment_options_win_over_the_shows():
    pads = {36: {"prompt": "x", "fragment": {"loop": True}, "slot": 5}}
    rig = Rig(loaded(bank(pads=pads), fragments={"fade_ms": 33}))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    (land,) = rig.lands()
    assert (land.options.loop, land.options.fade_ms, land.slot) == (True, 33, 5)
