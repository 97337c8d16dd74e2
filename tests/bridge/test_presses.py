import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midifrag.bridge.jobs import Origin, PressedPad
from midifrag.engine.messages import Cancelled, Started
from midifrag.events import JobTimes, Notice, PadChanged
from midifrag.intents import Panic, Press, PressPad, Prompt
from midifrag.midi.messages import ControlChange, NoteOff, PortChanged
from midifrag.pad_key import PadKey
from midifrag.playback.messages import Drop, Sounding, Start, Stop
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
    assert notice == Notice(NoticeLevel.ERROR, "steps: 0 is below 1")
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


# --- gates, toggles and holds ----------------------------------------------------------------------------------------


def up(rig, note=36, velocity=64, channel=1, port="midifrag"):
    rig.bridge.handle(NoteOff(port, channel, note, rig.clock.now(), velocity))


def player(rig, kind):
    return [command for command in rig.played if isinstance(command, kind)]


def sounds(rig, slot=1, on=True):
    rig.bridge.handle(Sounding(slot, 1, on, rig.clock.now(), 1.0))


def test_a_gate_that_is_let_go_cancels_what_it_began():
    rig = Rig(loaded(one_pad(press="gate")))
    rig.press()
    (render,) = rig.engines.renders()
    assert rig.engines.cancels() == []
    up(rig)
    assert rig.engines.cancels() == [render.job]


def test_a_gate_that_is_let_go_stops_what_it_landed_and_nothing_else():
    rig = Rig(loaded(one_pad(press="gate")))
    rig.press()
    rig.finish(rig.engines.renders()[0], slot=3)
    assert player(rig, Stop) == []
    up(rig)
    assert player(rig, Stop) == [Stop(3)]
    # A second release is nobody's.
    up(rig)
    assert player(rig, Stop) == [Stop(3)]


def test_a_gate_stops_nothing_of_another_pad_that_took_its_slot():
    rig = Rig(loaded(bank(pads={36: {"prompt": "rain", "press": "gate"}, 37: {"prompt": "drum"}})))
    rig.press()
    rig.finish(rig.engines.renders()[0], slot=3)
    rig.press(37)
    rig.finish(rig.engines.renders()[1], slot=3, take=2)
    up(rig)
    assert player(rig, Stop) == []


def test_a_gate_that_is_let_go_while_its_take_is_written_is_not_heard():
    rig = Rig(loaded(one_pad(press="gate")))
    rig.press()
    (render,) = rig.engines.renders()
    rig.say(Started(render.job))
    rig.rendered(render)
    up(rig)
    rig.landed(render.job)
    assert player(rig, Start) == []
    assert player(rig, Drop) == [Drop(render.job)]


def test_a_gate_ends_only_what_its_own_press_began():
    rig = Rig(loaded(one_pad(press="gate")))
    rig.press(port="one")
    rig.press(port="two")
    first, second = rig.engines.renders()
    up(rig, port="two")
    assert rig.engines.cancels() == [second.job]
    up(rig, port="one")
    assert rig.engines.cancels() == [second.job, first.job]


@pytest.mark.parametrize(
    "lost",
    [
        ControlChange("midifrag", 1, 123, 0, 0.0),
        ControlChange("midifrag", 1, 120, 0, 0.0),
        PortChanged("midifrag", "in", "lost", "gone"),
        Panic(),
    ],
)
def test_a_gate_whose_release_never_comes_is_let_go(lost):
    rig = Rig(loaded(one_pad(press="gate")))
    rig.press()
    rig.bridge.handle(lost)
    assert rig.engines.cancels() == [rig.engines.renders()[0].job]


def test_all_notes_off_of_another_channel_or_port_lets_nothing_go():
    rig = Rig(loaded(one_pad(press="gate")))
    rig.press()
    rig.bridge.handle(ControlChange("midifrag", 2, 123, 0, 0.0))
    rig.bridge.handle(ControlChange("other", 1, 123, 0, 0.0))
    rig.bridge.handle(PortChanged("midifrag", "out", "lost", "gone"))
    rig.bridge.handle(PortChanged("midifrag", "in", "open", ""))
    assert rig.engines.cancels() == []


def test_a_press_without_a_release_between_lets_the_first_go():
    rig = Rig(loaded(one_pad(press="gate")))
    rig.press()
    rig.press()
    first, _second = rig.engines.renders()
    assert rig.engines.cancels() == [first.job]


def test_a_toggle_ends_what_is_on_its_way_and_then_plays_again():
    rig = Rig(loaded(one_pad(press="toggle")))
    rig.press()
    rig.press()
    (render,) = rig.engines.renders()
    assert rig.engines.cancels() == [render.job]
    rig.say(Cancelled(render.job))
    rig.press()
    assert len(rig.engines.renders()) == 2


def test_a_toggle_plays_again_though_what_it_ended_is_not_over_yet():
    rig = Rig(loaded(one_pad(press="toggle")))
    rig.press()
    rig.press()
    rig.press()
    assert len(rig.engines.renders()) == 2
    # The second is written already when it is ended, and lands for its file alone.
    second = rig.engines.renders()[1]
    rig.say(Started(second.job))
    rig.rendered(second)
    rig.press()
    rig.press()
    assert len(rig.engines.renders()) == 3
    rig.landed(second.job)
    assert player(rig, Start) == []


def test_a_toggle_stops_what_sounds_and_plays_again_when_it_is_over():
    rig = Rig(loaded(one_pad(press="toggle")))
    rig.press()
    rig.finish(rig.engines.renders()[0], slot=3)
    sounds(rig, 3)
    rig.press()
    assert player(rig, Stop) == [Stop(3)]
    assert len(rig.engines.renders()) == 1
    sounds(rig, 3, on=False)
    rig.press()
    assert len(rig.engines.renders()) == 2


def test_a_bank_and_the_set_say_how_all_pads_are_pressed():
    rig = Rig(loaded(bank(defaults={"press": "toggle"}), defaults={"press": "gate", "on_repress": "ignore"}))
    rig.press()
    rig.press()
    assert len(rig.engines.cancels()) == 1
    rig = Rig(loaded(defaults={"on_repress": "ignore"}))
    rig.press()
    rig.press()
    assert len(rig.engines.renders()) == 1


HOLD = {"sets": "seconds", "range": [1, 8]}


def test_a_hold_renders_as_long_as_it_was_held_when_it_is_let_go():
    rig = Rig(loaded(one_pad(hold=HOLD, velocity={"sets": "steps", "range": [1, 128]})))
    rig.press(velocity=127)
    pressed = rig.clock.now()
    rig.clock.time += 3.5
    rig.bridge.housekeeping()
    assert rig.engines.renders() == []
    assert [one.text for one in rig.told(PadChanged)] == ["1 s", "3.5 s"]
    assert rig.pad_states() == ["growing", "growing"]
    up(rig)
    (render,) = rig.engines.renders()
    assert (render.seconds, render.steps) == (3.5, 128)
    assert rig.jobs()[-1].times.pressed == pressed
    assert rig.pad_states()[-1] == "queued"


def test_a_release_velocity_sets_what_is_rendered_then():
    rig = Rig(loaded(one_pad(release_velocity={"sets": "steps", "range": [1, 128]})))
    rig.press()
    up(rig, velocity=90)
    assert rig.engines.renders()[0].steps == 91


@pytest.mark.parametrize(
    "lost", [ControlChange("midifrag", 1, 123, 0, 1002.0), PortChanged("midifrag", "in", "lost", "gone")]
)
def test_a_hold_whose_release_never_comes_renders_what_it_has_come_to(lost):
    rig = Rig(loaded(one_pad(hold=HOLD)))
    rig.press()
    rig.clock.time += 2.0
    rig.bridge.handle(lost)
    assert [render.seconds for render in rig.engines.renders()] == [2.0]
    up(rig)
    assert len(rig.engines.renders()) == 1


def test_a_panic_ends_a_hold_and_nothing_comes_of_it():
    rig = Rig(loaded(one_pad(hold=HOLD)))
    rig.press()
    rig.bridge.handle(Panic())
    assert rig.pad_states()[-1] == "idle"
    up(rig)
    assert rig.engines.renders() == []


def test_a_press_whose_bank_changes_keeps_the_meaning_of_its_pad():
    one = bank("one", {36: {"prompt": "rain", "hold": HOLD}}, defaults={"steps": 9}, program=1)
    two = bank("two", {36: {"prompt": "wind", "press": "gate"}}, program=5)
    rig = Rig(loaded(one, two))
    rig.press()
    rig.clock.time += 2.0
    rig.program(5)
    up(rig)
    (render,) = rig.engines.renders()
    assert (render.prompt, render.seconds, render.steps) == ("rain", 2.0, 9)
    assert rig.jobs()[-1].bank == "one"


def test_a_gate_is_let_go_also_where_its_note_is_nothing_by_then():
    one = bank("one", {36: {"prompt": "rain", "press": "gate"}}, program=1)
    two = bank("two", {40: {"prompt": "wind"}}, program=5)
    rig = Rig(loaded(one, two))
    rig.press()
    rig.program(5)
    up(rig)
    assert rig.engines.cancels() == [rig.engines.renders()[0].job]


def test_who_cannot_let_go_presses_a_hold_at_once_and_a_gate_for_good():
    rig = Rig(
        loaded(bank(pads={36: {"prompt": "rain", "hold": HOLD, "seconds": 4}, 37: {"prompt": "x", "press": "gate"}}))
    )
    rig.bridge.handle(PressPad(36, 0.5, 0.0, "osc"))
    rig.bridge.handle(Press(37, 1, "midifrag", 0.5, 0.0, "page"))
    assert [render.seconds for render in rig.engines.renders()] == [4.0, None]
    rig.bridge.handle(ControlChange("midifrag", 1, 123, 0, 0.0))
    assert rig.engines.cancels() == []


def test_on_repress_and_choke_count_when_a_hold_begins():
    pads = {
        36: {"prompt": "rain", "hold": HOLD, "on_repress": "cancel", "choke": "a"},
        37: {"prompt": "x", "choke": "a"},
    }
    rig = Rig(loaded(bank(pads=pads)))
    rig.press(37)
    rig.press()
    assert rig.engines.cancels() == [rig.engines.renders()[0].job]
    up(rig)
    rig.press()
    up(rig)
    assert len(rig.engines.renders()) == 2
    assert rig.engines.cancels() == [render.job for render in rig.engines.renders()]


@given(
    st.lists(
        st.tuples(st.sampled_from([36, 37, 38]), st.sampled_from(["on", "off", "123", "bank", "panic", "lost"])),
        max_size=30,
    )
)
@settings(deadline=None)
def test_nothing_is_left_hanging_whatever_comes_in_whatever_order(steps):
    pads = {
        36: {"prompt": "a", "press": "gate"},
        37: {"prompt": "b", "hold": HOLD},
        38: {"prompt": "c", "press": "toggle"},
    }
    rig = Rig(loaded(bank("one", pads, program=1), bank("two", pads, program=2)))
    for step, (note, what) in enumerate(steps):
        rig.clock.time += 0.1
        match what:
            case "on":
                rig.press(note)
            case "off":
                up(rig, note)
            case "123":
                rig.bridge.handle(ControlChange("midifrag", 1, 123, 0, rig.clock.now()))
            case "bank":
                rig.program(1 + step % 2)
            case "panic":
                rig.bridge.handle(Panic())
            case _:
                rig.bridge.handle(PortChanged("midifrag", "in", "lost", "gone"))
    rig.bridge.handle(PortChanged("midifrag", "in", "lost", "gone"))
    shown = {}
    for pad in rig.told(PadChanged):
        shown[pad.bank, pad.pad] = pad.state
    assert "growing" not in shown.values()
    gates = {job.job for job in rig.jobs() if job.pad == PadKey(36) and not job.state.ended}
    ended = {job.job for job in rig.jobs() if job.state.ended}
    assert gates - ended <= set(rig.engines.cancels())


def test_what_presses_a_pad_too_lights_it_where_its_own_note_is():
    pads = {36: {"prompt": "rain", "also": [48]}, 37: {"prompt": "x", "port": "keys", "also": [49]}}
    rig = Rig(loaded(bank(pads=pads)))
    rig.press(48, port="pedal", channel=5)
    rig.press(49, port="pedal", channel=5)
    shown = [(one.port, one.note) for one in rig.told(PadChanged)]
    assert shown == [(None, 36), ("keys", 37)]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"from": "nonsense"}, "from: 'nonsense' is no sound: use slot 3,"),
        ({"from": "slot 1", "strength": 5}, "strength: 5 is above 1"),
        ({"loras": "dusty=3 from /dusty.safetensors"}, "loras: dusty: strength 3 is not between -1 and 2"),
        ({"morph": "2 to glass"}, "morph: by: '2' is none of velocity,"),
        ({"continue": 2, "fill": [1, 2]}, "fill: stands beside continue"),
    ],
)
def test_what_is_wrong_with_a_typed_prompt_is_told_in_the_words_of_check(said, words):
    rig = Rig()
    rig.bridge.handle(Prompt("rain", said, 0.0))
    [notice] = rig.changes
    assert (notice.level, notice.text[: len(words)]) == (NoticeLevel.ERROR, words)
