import pytest

from midifrag.config.model_inputs import (
    ModelInput,
    guides,
    missing_sentence,
    model_inputs,
    said_of,
    unfed_inputs,
    unheard,
    unsaid,
    wrong_values,
)

BPM = ModelInput("BPM", "number", 40, 240)
ENERGY = ModelInput("energy", "number")
BARS = ModelInput("bars", "int", 4, 16)
GENRE = ModelInput("genre", "list", options=("techno", "808"))
SECONDS = ModelInput("seconds_total", "number", 0, 512)
ALL = (ModelInput("prompt", "text"), SECONDS, BPM, ENERGY, BARS, GENRE)


def config(*entries, **ids):
    return {"model": {"conditioning": {"configs": list(entries)}, "diffusion": ids}}


def test_what_a_configuration_says():
    entries = (
        {"id": "prompt", "type": "t5", "config": {}},
        {"id": "bpm", "type": "number", "config": {"min_val": 40, "max_val": 240}},
        {"id": "bars", "type": "int", "config": {}},
        {"id": "genre", "type": "list", "config": {"options": ["dub", 808]}},
        {"id": "kick", "type": "clap_audio", "config": {}},
    )
    found = model_inputs(
        config(*entries, cross_attention_cond_ids=["prompt", "bpm"], global_cond_ids=["bars", "genre"])
    )
    assert found == (
        ModelInput("prompt", "text"),
        ModelInput("bpm", "number", 40, 240),
        ModelInput("bars", "int", 0, 512),
        ModelInput("genre", "list", options=("dub", "808")),
    )
    assert [one.range for one in found] == ["a text", "from 40 to 240", "from 0 to 512", "one of dub, 808"]
    assert model_inputs(config(*entries, prepend_cond_ids=["bpm"])) == (found[1],)


def test_what_no_preset_can_give():
    audio = {"id": "kick", "type": "clap_audio", "config": {}}
    assert unfed_inputs(config(audio, input_concat_ids=["kick", "inpaint_mask"])) == ("kick (clap_audio)",)
    assert unfed_inputs(config(audio, global_cond_ids=["bpm"])) == ("bpm",)
    assert unfed_inputs(config(audio, {"id": "bpm", "type": "number"}, global_cond_ids=["bpm"])) == ()


def test_names_are_found_however_they_are_written():
    assert said_of(ALL, "bpm=120, Genre=dub, tempo=3") == ({"BPM": 120.0, "genre": "dub"}, ["tempo"])


@pytest.mark.parametrize(
    ("said", "left"), [(None, ["energy", "bars"]), ("ENERGY=1", ["bars"]), ("energy=1, bars=5", [])]
)
def test_what_the_clock_and_the_length_do_not_say(said, left):
    assert [one.name for one in unsaid(ALL, said)] == left


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"BPM": 500.0, "bars": 12.4, "genre": "808"}, None),
        ({"BPM": "fast"}, "BPM is a number from 40 to 240, and not fast"),
        ({"bars": 15}, "bars: the model has no row for 15 in its table of 13"),
        ({"bars": 99}, "bars: the model has no row for 16 in its table of 13"),
    ],
)
def test_values_that_cannot_be_told(values, wrong):
    assert next(wrong_values(ALL, values), None) == wrong


def test_what_is_not_heard_as_it_is_said():
    said = unheard(ALL, "bpm=300, genre=808, size=3", {"BPM": 300.0, "genre": 808.0, "energy": 0.5})
    assert said == [
        "the model has no input size; it has seconds_total, BPM, energy, bars, genre",
        "BPM 300 is heard as 240: the model knows it from 40 to 240",
    ]
    assert unheard(ALL, None, {"genre": "jazz"}) == ["genre: the model does not know jazz; it is one of techno, 808"]
    assert unheard(ALL, None, {"genre": "tecno"})[0].endswith("it is one of techno, 808; did you mean techno?")
    assert unheard(ALL, "Enrgy=1", {})[0].endswith("; did you mean energy?")
    assert unheard(ALL[:1], "a=1", {}) == ["the model has no input a; it has none but the prompt"]


def test_what_to_write_for_a_number_that_nobody_says():
    assert missing_sentence(BARS, "m") == "m wants a number for bars, from 4 to 16: say conditioning: {bars: 4}"
    assert BPM.is_tempo
    assert not ModelInput("bpm", "text").is_tempo


def test_the_guidance_and_the_steps_are_parameters_words_and_nobody_has_to_say_them():
    config = {
        "model": {
            "conditioning": {
                "configs": [
                    {"id": "cfg_scale", "type": "number", "config": {"min_val": 1, "max_val": 7}},
                    {"id": "steps", "type": "number", "config": {"min_val": 1, "max_val": 16}},
                    {"id": "energy", "type": "number", "config": {}},
                ]
            },
            "diffusion": {"global_cond_ids": ["cfg_scale", "steps", "energy"]},
        }
    }
    inputs = model_inputs(config)
    assert [one.is_parameter for one in inputs] == [True, True, False]
    assert [one.name for one in unsaid(inputs, None)] == ["energy"]
    assert guides(config)
    config["model"]["diffusion"]["global_cond_ids"].remove("cfg_scale")
    assert not guides(config)
    assert unheard(inputs, "steps=4, energy=1", {"cfg_scale": 9.0, "steps": 4.0, "energy": 1.0}) == [
        "conditioning says steps for nothing: the parameter steps does",
        "cfg_scale 9 is heard as 7: the model knows it from 1 to 7",
    ]
    # Said in conditioning they would count for nothing.
    assert unheard(inputs, "step=4", {"energy": 1.0}) == ["the model has no input step; it has energy"]
