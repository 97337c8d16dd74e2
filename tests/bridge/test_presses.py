import pytest

from midifrag.bridge.jobs import Origin, PressedPad
from midifrag.engine.messages import Cancelled, Started
from midifrag.events import JobTimes, Notice, PadChanged
from midifrag.intents import Press, PressPad, Prompt
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, NoticeLevel
from tests.support.bridges import Rig, with_spares
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


def test_a_press_of_a_pad_that_is_not_there_does_nothing():
    rig = Rig(loaded(bank(pads={36: {"prompt": "bow", "port": "keys"}, "37/10": {"prompt": "drum"}})))
    for note, channel in ((99, 1), (36, 1), (37, 1)):
        rig.bridge.handle(Press(note, channel, "page", 0.5, 0.0))
    assert (rig.engines.sent, rig.changes) == ([], [])
    rig.bridge.handle(Press(36, 3, "keys", 0.5, 0.0))
    rig.bridge.handle(Press(37, 10, "page", 0.5, 0.0))
    assert [render.prompt for render in rig.engines.renders()] == ["bow", "drum"]


def test_a_press_by_name_is_a_press_as_any_other():
    pads = {
        36: {
            "prompt": "rain",
            "name": "Rain",
            "velocity": {"sets": "steps", "range": [10, 110]},
            "on_repress": "ignore",
        },
        "37/10": {"prompt": "drum", "port": "keys"},
    }
    rig = Rig(loaded(bank(pads=pads)))
    for name, velocity in (("Rain", 0.5), (36, 1.0), ("nothing", 1.0), (37, 1.0)):
        rig.bridge.handle(PressPad(name, velocity, 7.0, "osc"))
    assert [(one.prompt, one.steps) for one in rig.engines.renders()] == [("rain", 60), ("drum", None)]
    assert [(one.pad, one.port, one.channel, one.note) for one in rig.told(PadChanged)] == [
        (PadKey(36), None, 1, 36),
        (PadKey(37, 10), "keys", 10, 37),
    ]
    assert [job.times.pressed for job in rig.jobs()] == [7.0, 7.0]


def test_a_job_knows_the_pad_that_began_it_and_its_rules():
    pad = {"prompt": "rain", "name": "Rain", "colour": "red", "choke": "x", "on_lost": "fail", "slot": 3}
    rig = Rig(loaded(bank(pads={"36/10": pad})))
    rig.bridge.handle(Press(36, 10, "keys", 0.5, 999.0))
    (job,) = rig.bridge.renders.jobs
    pressed = PressedPad(PadKey(36, 10), 36, 10, "keys", "red", "x", "fail")
    assert job.origin == Origin(JobKind.PAD, "opening", "Rain", pressed)
    assert (job.times.pressed, job.slot) == (999.0, 3)


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
    group = {"choke": "x", "on_repress": "queue"}
    pads = {
        36: {"prompt": "a", **group},
        37: {"prompt": "b", **group},
        38: {"prompt": "c"},
        39: {"prompt": "d", "choke": "y"},
    }
    rig = Rig(loaded(bank("one", pads, program=1), bank("two", pads, program=2)))
    rig.bridge.handle(Prompt("fog horn", {}, 0.0))
    for note in (36, 38, 39, 37, 37):
        rig.press(note)
    _, first, _, _, second, third = rig.engines.renders()
    assert rig.engines.cancels() == [first.job]
    rig.program(2)
    rig.press(37)
    assert rig.engines.cancels() == [first.job, second.job, third.job]


def test_the_pad_that_was_pressed_last_gets_the_first_spare():
    rig = with_spares(bank())
    rig.press(37)
    rig.finish(rig.engines.renders()[-1])
    rig.say(Cancelled(rig.engines.renders()[0].job))
    rig.bridge.housekeeping()
    assert [one.prompt for one in rig.engines.renders()] == ["rain", "short kick", "short kick"]


def test_a_full_queue_refuses_on_the_pad_and_forgets_nothing_else():
    rig = Rig(loaded(queue={"size": 2}))
    for _ in range(3):
        rig.press()
    assert len(rig.engines.renders()) == 2
    assert rig.pad_states() == ["queued", "queued", "refused"]
    refused = rig.jobs()[-1]
    assert refused.text == "the queue is full (2 presses wait); press again when one has landed"
    assert (refused.prompt, refused.pad, refused.times) == ("rain", PadKey(36), JobTimes(1000.0))
    rig.say(Started(1))
    rig.press()
    assert rig.pad_states()[-1] == "queued"


def test_a_typed_prompt_is_rendered_as_it_says():
    rig = Rig(loaded(fragments={"fade_ms": 33}))
    rig.bridge.handle(Prompt("glass bell", {"steps": 5, "slot": 3, "fragment": {"loop": True}}, 999.0))
    (render,) = rig.engines.renders()
    assert (render.prompt, render.steps) == ("glass bell", 5)
    (job,) = rig.bridge.renders.jobs
    assert (job.origin, job.times.pressed) == (Origin(JobKind.PROMPT, "opening", "glass bell"), 999.0)
    rig.rendered(render)
    (land,) = rig.lands()
    assert (land.slot, land.options.loop, land.options.fade_ms) == (3, True, 33)


def test_a_typed_prompt_that_cannot_be_says_what_is_wrong():
    rig = Rig()
    rig.bridge.handle(Prompt("glass bell", {"steps": 0, "velocity": {"sets": "nothing"}}, 0.0))
    (notice,) = rig.changes
    assert notice == Notice(NoticeLevel.ERROR, "steps: Input should be greater than or equal to 1")
    rig.bridge.handle(Prompt("glass bell", {"fragment": {"bits": 5}}, 0.0))
    assert rig.changes[-1].text.startswith("fragment.bits: ")
    assert rig.engines.sent == []


def test_a_prompt_for_a_model_that_is_not_there_says_so():
    rig = Rig()
    rig.bridge.handle(Prompt("rain", {"model": "nope"}, 0.0))
    assert rig.engines.sent == []
    assert rig.changes == [Notice(NoticeLevel.ERROR, "model: 'nope' is none of the models that there are")]
    rig.bridge.handle(Prompt("rain", {"model": "pocket"}, 0.0))
    assert rig.engines.sent[0][0] == "pocket"


def test_a_pads_own_fragment_options_win_over_the_shows():
    pads = {36: {"prompt": "x", "fragment": {"loop": True}, "slot": 5}}
    rig = Rig(loaded(bank(pads=pads), fragments={"fade_ms": 33}))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    (land,) = rig.lands()
    assert (land.options.loop, land.options.fade_ms, land.slot) == (True, 33, 5)
