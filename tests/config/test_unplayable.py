"""Pads whose model cannot render what they ask for."""

import json

import pytest

from midifrag.config import loading, unplayable
from midifrag.config.parameters import Preset
from midifrag.config.samplers import SAMPLER_KINDS
from midifrag.config.settings import Settings
from midifrag.config.shipped import shipped_path
from midifrag.errors import ConfigurationError

BANK = "name: Opening\ndefaults: {{{defaults}}}\npads:\n  36: {{prompt: hum}}\n  C#1: {{prompt: rain{pad}}}\n"


@pytest.fixture
def set_of(tmp_path):
    """The mistakes of a set with ``mine``, of two seconds, for models of an objective."""
    (tmp_path / "presets").mkdir()

    def told(objective, pad="", defaults="", show="", model="mine", inner=None, **more):
        diffusion = {
            "sample_size": 88200,
            "sample_rate": 44100,
            "model": {"diffusion": {"diffusion_objective": objective}} | (inner or {}),
        }
        (tmp_path / "mine.json").write_text(json.dumps(diffusion | more))
        models = "models: {mine: {config: mine.json, checkpoint: mine.ckpt}}\n"
        (tmp_path / "presets.yaml").write_text(f"set_list: [opening]\nmodel: {model}\n{models}{show}")
        bank = BANK.format(pad=pad and f", {pad}", defaults=defaults)
        (tmp_path / "presets" / "opening.yaml").write_text(bank)
        return [str(problem) for problem in loading.load(tmp_path / "presets.yaml", environment={}).unplayable]

    return told


ENERGY = {"id": "energy", "type": "number", "config": {"min_val": 0, "max_val": 1}}
BPM = {"id": "bpm", "type": "number", "config": {"min_val": 40, "max_val": 240}}
TOLD = {"diffusion": {"global_cond_ids": ["bpm", "energy"]}, "conditioning": {"configs": [BPM, ENERGY]}}
UNSAID = "mine wants a number for energy, from 0 to 1: say conditioning: {energy: 0}"


@pytest.mark.parametrize("level", ["pad", "defaults"])
def test_a_part_of_a_sound_that_lies_beyond_what_the_model_renders(set_of, level):
    for said, words in (("continue: 2", "a sound and 2 s more is longer than mine renders, 2.0 s (continue)"),
                        ("fill: [3, 4]", "3 s lies beyond what mine renders, 2.0 s (fill)")):  # fmt: skip
        key = said.partition(":")[0]
        told = [one for one in set_of("v", **{level: f"from: slot 1, {said}"}) if words in one]
        assert [one.partition(": ")[2].partition(":")[0] for one in told] == [
            f"pads.C#1.{key}" if level == "pad" else f"defaults.{key}"
        ]
    assert not [one for one in set_of("v", "from: slot 1, continue: 1.9") if "longer than" in one]


@pytest.mark.parametrize(
    ("pad", "defaults", "lines"),
    [
        ("", "", [f"presets/opening.yaml: pads.36.conditioning: {UNSAID}"]),
        ("conditioning: {energy: 0.5}", "", [UNSAID]),
        ("", "conditioning: {energy: 0.5, bpm: 90}", []),
        (
            "",
            "conditioning: {Energy: much}",
            ["2: defaults.conditioning: energy is a number from 0 to 1, and not much"],
        ),
        ("conditioning: {energy: a}", "conditioning: {energy: 1}", ["5: pads.C#1.conditioning: energy is a number"]),
    ],
)
def test_a_number_that_nobody_says(set_of, pad, defaults, lines):
    problems = set_of("v", pad, defaults, inner=TOLD)
    assert len(problems) == len(lines)
    assert all(
        line.split(": ", 1)[-1].split(": ")[-1] in problem for line, problem in zip(lines, problems, strict=True)
    )


def test_a_model_s_entry_may_say_it(set_of, tmp_path):
    assert len(set_of("v", inner=TOLD)) > 0
    show = tmp_path / "presets.yaml"
    show.write_text(show.read_text().replace("mine.ckpt", "mine.ckpt, conditioning: {energy: 1}"))
    assert loading.load(show, environment={}).unplayable == ()


FLOW = "it has euler, dpmpp, rk4, pingpong"


@pytest.mark.parametrize(
    ("objective", "pad", "line"),
    [
        (
            "v",
            'sampler: "DPM++ 3M SDE"',
            "sampler: mine has no sampler 'DPM++ 3M SDE'; it has dpmpp-3m-sde, dpmpp-2m-sde",
        ),
        ("rectified_flow", "sampler: eulr", f"sampler: mine has no sampler 'eulr'; {FLOW}; did you mean euler?"),
        ("rectified_flow", "sampler: v-ddim", f"sampler: mine has no sampler 'v-ddim'; {FLOW}"),
        ("v", "sampler: euler", "sampler: mine has no sampler 'euler'"),
        ("v", "seconds: 2.5", "seconds: 2.5 s is more than mine renders, 2.0 s"),
        ("v", "sigma_min: 0.5, sampler: dpmpp-2m, sigma_max: 1", None),
        ("v", "sigma_max: 0.3", "sigma_max: sigma_min 0.3 must be below sigma_max 0.3"),
        ("v", "sigma_max: 0.2", "sigma_max: sigma_min 0.3 must be below sigma_max 0.2"),
        ("v", "sampler: v-ddim, sigma_max: 0.2", None),
        ("rectified_flow", "sigma_max: 0.2", None),
    ],
)
def test_a_pad_s_own_mistake(set_of, objective, pad, line):
    told = set_of(objective, pad)
    assert [one.startswith(f"presets/opening.yaml:5: pads.C#1.{line}") for one in told] == [True] * (line is not None)


@pytest.mark.parametrize(
    ("objective", "said", "lines"),
    [
        ("rectified_flow", "sampler: v-ddim", [f"sampler: mine has no sampler 'v-ddim'; {FLOW}"]),
        ("v", "sampler: DPM++ 3M SDE", ["sampler: mine has no sampler 'DPM++ 3M SDE'; it has dpmpp-3m-sde"]),
        ("v", "sigma_max: 0.2", ["sigma_max: sigma_min 0.3 must be below sigma_max 0.2"]),
        ("rectified_flow", "sampler: euler", []),
    ],
)
def test_a_default_that_a_model_does_not_have_is_told_where_its_entry_says_it(set_of, tmp_path, objective, said, lines):
    set_of(objective, "sampler: v-ddim, sigma_max: 9" if objective == "v" else "sampler: euler")
    show = tmp_path / "presets.yaml"
    show.write_text(show.read_text().replace("mine.ckpt}", f"mine.ckpt, defaults: {{{said}}}}}"))
    told = [str(problem) for problem in loading.load(show, environment={}).unplayable]
    assert len(told) == len(lines)
    assert all(
        one.startswith(f"presets.yaml:3: models.mine.defaults.{line}") for one, line in zip(told, lines, strict=True)
    ), told


def test_a_default_of_a_known_model_is_told_before_it_is_fetched():
    source = {"hub": "stabilityai/stable-audio-open-1.0", "defaults": {"sampler": "pingpong"}}
    [trouble] = unplayable.wrong_defaults(unplayable.model_facts("mine", source))
    assert trouble.sentence.startswith("mine has no sampler 'pingpong'; it has dpmpp-3m-sde")


def test_a_misspelt_input_is_named_where_its_value_is_missed(set_of):
    told = set_of("v", "conditioning: {enrgy: 0.5, bpm: 90}", inner=TOLD)
    assert any(one.endswith(f"{UNSAID}; enrgy is none of its inputs; did you mean energy?") for one in told), told


@pytest.mark.parametrize("model", ["mine", "sketch"])
def test_sigma_across_levels(set_of, model):
    words = "sigma_min 3 must be below sigma_max 2"
    assert set_of("v", "sigma_min: 3", "sigma_max: 2", model=model) == [
        f"presets/opening.yaml:5: pads.C#1.sigma_min: {words}"
    ]
    assert set_of("v", "", "sigma_min: 3", "defaults: {sigma_max: 2}", model=model) == [
        f"presets/opening.yaml:2: defaults.sigma_min: {words}"
    ]
    assert set_of("v", "sigma_max: 4", "sigma_min: 3", "defaults: {sigma_max: 50}", model=model) == []


def test_a_mistake_of_the_defaults_is_told_once_and_there(set_of):
    assert set_of("v", show="defaults:\n  seconds: 3\n") == [
        "presets.yaml:5: defaults.seconds: 3 s is more than mine renders, 2.0 s"
    ]


@pytest.mark.parametrize(
    ("model", "sampler", "fits"),
    [
        ("small", "pingpong", True),
        ("small", "dpmpp-3m-sde", False),
        ("open", "dpmpp-3m-sde", True),
        ("open", "pingpong", False),
        ("pocket", "euler", True),
        ("pocket", "k-heun", False),
        ("sketch", "anything", True),
        ("bells", "anything", True),
        ("other", "k-heun", True),
        ("other", "pingpong", True),
        ("other", "none such", False),
    ],
)
def test_which_samplers_a_model_has_is_known_without_loading_it(monkeypatch, model, sampler, fits):
    monkeypatch.setattr(unplayable, "plugins", lambda: {"bells": None})
    source = {"hub": "a/b"} if model == "other" else Settings().source(model)
    asked = Preset(prompt="rain", sampler=sampler)
    assert (list(unplayable.troubles(asked, unplayable.model_facts(model, source))) == []) is fits


@pytest.mark.parametrize(
    "config", ["{", "[]", "{}", '{"model": 5}', '{"model": {"diffusion": {"diffusion_objective": "x"}}}']
)
def test_a_configuration_that_says_nothing_leaves_every_sampler(tmp_path, config):
    (tmp_path / "model_config.json").write_text(config)
    facts = unplayable.model_facts("mine", {"folder": str(tmp_path)})
    assert facts == unplayable.ModelFacts("mine", None, tuple(SAMPLER_KINDS), None)


def test_the_shipped_sets_can_be_played():
    for flags in ({}, {"set_list": ["open"]}):
        assert loading.load(shipped_path(), flags, environment={}).unplayable == ()


@pytest.mark.parametrize(
    ("pad", "defaults", "show", "line"),
    [
        (
            "bars: 2",
            "",
            "",
            "opening.yaml:5: pads.C#1.bars: 2 bars at 120 BPM are 4.0 s, more than mine renders, 2.0 s",
        ),
        ("bars: 1", "", "", None),
        ("beats: 5", "", "", "opening.yaml:5: pads.C#1.beats: 5 beats at 120 BPM are 2.5 s"),
        ("bars: 1", "", "tempo: 90\n", "opening.yaml:5: pads.C#1.bars: 1 bar at 90 BPM are 2.7 s"),
        ("bars: 1", "", "time: {signature: 5/4}\n", "opening.yaml:5: pads.C#1.bars: 1 bar at 120 BPM are 2.5 s"),
        ("seconds: 1", "bars: 2", "", "opening.yaml:2: defaults.bars: 2 bars at 120 BPM"),
        ("bars: 1", "bars: 1", "defaults: {seconds: 5}\n", None),
    ],
)
def test_more_bars_than_a_model_renders(set_of, pad, defaults, show, line):
    told = set_of("v", pad, defaults, show)
    assert [one.startswith(f"presets/{line}") for one in told] == [True] * (line is not None), told


def test_two_lengths_of_one_level_are_told_with_their_line(set_of):
    for pad, defaults, place in (
        ("seconds: 1, bars: 2", "", "opening.yaml:5: pads.C#1.bars"),
        ("", "bars: 1, beats: 2", "opening.yaml:2: defaults.beats"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            set_of("v", pad, defaults)
        [problem] = caught.value.problems
        assert str(problem).startswith(f"presets/{place}: stands beside ")
    with pytest.raises(ConfigurationError) as caught:
        set_of("v", show="defaults:\n  seconds: 3\n  bars: 3\n")
    [problem] = caught.value.problems
    assert str(problem).startswith("presets.yaml:6: defaults.bars: stands beside seconds")


@pytest.mark.parametrize(
    ("more", "entry", "shortest"),
    [
        ({}, "", 0.0),
        ({"midifrag": {"min_seconds": 4}}, "", 4.0),
        ({"midifrag": {"min_seconds": 4}}, "min_seconds: 3", 3.0),
    ],
)
def test_what_a_model_renders_well_is_known_before_it_is_loaded(tmp_path, more, entry, shortest):
    config = {"sample_size": 441000, "sample_rate": 44100, "model": {"diffusion": {}}} | more
    (tmp_path / "mine.json").write_text(json.dumps(config))
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "opening.yaml").write_text("{name: O, pads: {36: {prompt: rain, model: mine}}}")
    models = f"models: {{mine: {{config: mine.json, checkpoint: m.ckpt, {entry}}}}}\nmodel: sketch\n"
    (tmp_path / "presets.yaml").write_text(models)
    limits = loading.load(tmp_path / "presets.yaml", environment={}).limits
    assert limits == {"mine": (shortest, 10.0), "sketch": (0.0, None)}


@pytest.mark.parametrize("block", ['{"min_seconds": "long"}', '{"min_seconds": -1}', "[]"])
def test_an_odd_least_length_is_left_to_the_loading_of_its_model(tmp_path, block):
    (tmp_path / "model_config.json").write_text(f'{{"midifrag": {block}}}')
    assert unplayable.model_facts("mine", {"folder": str(tmp_path)}).limits == (0.0, None)


@pytest.mark.parametrize(
    ("model", "steps", "guidance"), [("sa3-base", 50, "apg"), ("sa3", 8, "apg"), ("small", 8, "cfg")]
)
def test_how_a_known_model_is_played_is_known_before_it_is_fetched(model, steps, guidance):
    from midifrag.config.catalogue import known

    defaults = unplayable.model_facts(model, known(model).source).defaults
    assert (defaults.steps, defaults.guidance) == (steps, guidance)


WORDS = {"id": "prompt", "type": "t5", "config": {}}
READS = {"diffusion": {"cross_attention_cond_ids": ["prompt"]}, "conditioning": {"configs": [WORDS]}}
DEAF = {"diffusion": {"global_cond_ids": ["bpm"]}, "conditioning": {"configs": [BPM]}}


@pytest.mark.parametrize("by", ["velocity", "cc 25", "0.5"])
def test_between_two_prompts_lies_something_only_for_who_reads_prompts(set_of, by):
    pad = f"morph: {{to: glass, by: {by}}}"
    assert set_of("v", pad, inner=READS) == []
    refused = ["presets/opening.yaml:5: pads.C#1.morph: mine reads no prompt as numbers"]
    assert [problem[: len(refused[0])] for problem in set_of("v", pad, inner=DEAF)] == refused
    [problem] = set_of("v", pad, model="sketch")
    assert "pads.C#1.morph: sketch reads no prompt as numbers" in problem
    [problem] = set_of("v", defaults=pad, model="sketch")
    assert ":2: defaults.morph: sketch reads" in problem


def test_what_a_server_makes_of_loras_and_sounds_it_says_itself(set_of):
    show = "servers: {far: {url: 'ws://127.0.0.1:9'}}\n"
    for pad in ("morph: {to: hum, by: velocity}", "loras: [{file: dusty.safetensors}]", "from: latest"):
        assert set_of("v", pad, show=show, model="far") == []
    [lora] = set_of("v", "loras: [{name: lost}]", show=show, model="far")
    assert "pads.C#1.loras: lost has no file" in lora
