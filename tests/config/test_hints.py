"""What `midifrag check` finds odd in a set without a mistake."""

import json

import pytest

from midifrag.config import loading
from midifrag.config.hints import hints

BANK = """
name: Opening
pads:
  36: {prompt: "rain at {bpm} bpm"}
  37/10: {prompt: hum}
controls:
  - {cc: 21, sets: steps, range: [4, 50]}
"""


#: A model without cross-attention, and so without guidance.
DEAF = {
    "sample_size": 441000,
    "sample_rate": 44100,
    "model": {"diffusion": {"diffusion_objective": "rectified_flow"}, "conditioning": {"configs": []}},
}


def found(folder, show="", bank=BANK):
    (folder / "presets").mkdir()
    (folder / "presets" / "opening.yaml").write_text(bank)
    (folder / "presets" / "second.yaml").write_text("{name: Second, program: 2, pads: {90: {prompt: rain}}}")
    (folder / "presets.yaml").write_text("set_list: [opening, second]\n" + show)
    (folder / "a.json").write_text(json.dumps(DEAF))
    return list(hints(loading.load(folder / "presets.yaml", environment={})))


@pytest.mark.parametrize(
    "show",
    [
        "",
        "actions: [{does: panic, note: 37, channel: 9}]",
        "actions: [{does: panic, note: 36, channel: 1, press: double}]",
        "ports: {keys: {in: Keys}, more: {in: More}}\nactions: [{does: panic, note: 36, port: more}]",
        "actions: [{does: panic, note: 38}, {does: panic, cc: 22}, {does: panic, cc: 21, channel: 3}]",
        "controls: [{cc: 21, sets: seconds, range: [1, 4]}, {cc: 21, sets: cfg_scale, range: [1, 4]}]",
    ],
)
def test_what_is_meant_gets_no_hint(tmp_path, show):
    assert found(tmp_path, show) == []


@pytest.mark.parametrize(
    ("show", "line"),
    [
        ("actions: [{does: panic, note: 36}]", "presets/opening.yaml: pads.36: its note does panic"),
        (
            "ports: {keys: {in: Keys}}\nactions: [{does: panic, note: 36, channel: 1, port: keys}]",
            "presets/opening.yaml: pads.36: on channel 1 its note does panic",
        ),
        (
            "ports: {keys: {in: Keys}}\nactions: [{does: panic, note: 36, port: keys}]",
            "presets/opening.yaml: pads.36: its note does panic",
        ),
        ("actions: [{does: panic, note: 37}]", "presets/opening.yaml: pads.37/10: its note does panic"),
        ("actions: [{does: panic, cc: 21}]", "presets/opening.yaml: cc 21 sets steps: does panic instead"),
        (
            "controls: [" + "{cc: 5, sets: seed, range: [1, 4]}, " * 2 + "]",
            "presets.yaml: cc 5 sets seed: stands there 2",
        ),
        (
            "controls: [{cc: 9, sets: seed, range: [1, 4]}]\nactions: [{does: panic, cc: 9}]",
            "presets.yaml: cc 9 ",
        ),
        ("actions: [{does: panic, program: 2}]", "presets/second.yaml: program: 2 does panic instead"),
        *(
            (
                f"models: {{mine: {{config: a.json, checkpoint: b, defaults: {{{said}}}}}}}",
                f"presets.yaml: models.mine.defaults: {line}",
            )
            for said, line in (
                ("sampler: euler, sigma_max: 5", "sigma_max 5 is more than euler uses, 1"),
                ("sampler: pingpong, sigma_min: 0.5", "sigma_min does nothing here; pingpong ends at 0"),
                ("cfg_scale: 3", "cfg_scale does nothing here; mine hears nothing that guidance could follow"),
            )
        ),
        ("models: {mine: {engine: sketsch}}", "presets.yaml: models.mine.engine: 'sketsch' is none of sketch"),
    ],
)
def test_what_will_hardly_do_what_was_meant(tmp_path, show, line):
    [only] = found(tmp_path, show)
    assert only.startswith(line)


WIDE = "{cc: 2, bits: 14, sets: seconds, range: [1, 4], port: daw}"
PORTS = "ports: {daw: {in: x}, pads: {in: y}}\n"


@pytest.mark.parametrize(
    ("other", "what"),
    [
        ("actions: [{does: next_bank, cc: 34}]", "does next_bank"),
        ("actions: [{does: next_bank, cc: 34, channel: 3, port: daw}]", "does next_bank"),
        ("actions: [{does: next_bank, cc: 34, port: pads}]", None),
        ("actions: [{does: next_bank, cc: 33}]", None),
    ],
)
def test_a_fine_half_that_something_else_takes(tmp_path, other, what):
    line = f"presets.yaml: cc 2 port daw sets seconds: its fine half, cc 34, {what}; only the coarse half counts there"
    assert found(tmp_path, f"{PORTS}controls: [{WIDE}]\n{other}") == ([] if what is None else [line])


def test_a_fine_half_that_a_control_of_a_bank_takes(tmp_path):
    bank = BANK + "  - {cc: 34, sets: steps, range: [4, 50]}\n"
    (told,) = found(tmp_path, f"{PORTS}controls: [{WIDE}]", bank)
    assert "its fine half, cc 34, sets steps" in told


MINE = "models: {mine: {config: mine.json, checkpoint: presets.yaml}}\nmodel: mine\n"


def trained(folder, objective, **more):
    model = {"sample_size": 88200, "sample_rate": 44100, "model": {"diffusion": {"diffusion_objective": objective}}}
    (folder / "mine.json").write_text(json.dumps(model | more))


@pytest.mark.parametrize(
    ("objective", "pad", "line"),
    [
        (
            "rectified_flow",
            "sigma_max: 500",
            "pads.37/10: sigma_max 500 is more than the usual sampler of mine uses, 1",
        ),
        ("rf_denoiser", "sampler: rk4, sigma_max: 1.5", "pads.37/10: sigma_max 1.5 is more than rk4 uses, 1"),
        (
            "rf_denoiser",
            "sigma_min: 0.1",
            "pads.37/10: sigma_min does nothing here; the usual sampler of mine ends at 0",
        ),
        ("v", "sampler: v-ddim, sigma_max: 80", "pads.37/10: sigma_max 80 is more than v-ddim uses, 1"),
        (
            "v",
            "velocity: {sets: seconds, range: [1, 3]}",
            "pads.37/10.velocity: at 3: 3 s is more than mine renders, 2.0 s",
        ),
        (
            "v",
            "sigma_max: 2, velocity: {sets: sigma_min, range: [4, 1]}",
            "pads.37/10.velocity: at 4: sigma_min 4 must be below sigma_max 2",
        ),
    ],
)
def test_what_a_model_or_its_sampler_does_not_use(tmp_path, objective, pad, line):
    trained(tmp_path, objective)
    [only] = found(tmp_path, MINE, BANK.replace("{prompt: hum}", f"{{prompt: hum, {pad}}}"))
    assert only.startswith(f"presets/opening.yaml: {line}")


def test_a_control_that_asks_for_too_much_at_an_end(tmp_path):
    trained(tmp_path, "v")
    show = f"{MINE}controls: [{{cc: 5, sets: seconds, range: [1, 4]}}, {{cc: 6, sets: seconds, range: [1, 2]}}]"
    lines = found(tmp_path, show)
    assert lines == [
        f"presets.yaml: cc 5 sets seconds: at 4: 4 s is more than mine renders, 2.0 s (pad {pad})"
        for pad in ("36 of opening", "37/10 of opening", "90 of second")
    ]


@pytest.mark.parametrize("braces", ["{bmp}", "{ bpm }", "{bpm:d}"])
def test_braces_that_nothing_fills(tmp_path, braces):
    [only] = found(tmp_path, bank=BANK.replace("{bpm}", braces))
    assert only == f"presets/opening.yaml: pads.36.prompt: {braces} stays as it is; what is replaced is {{bpm}}"


def test_words_that_yaml_does_not_take_for_text_are_told_with_their_line(tmp_path):
    bank = BANK.replace('{prompt: "rain at {bpm} bpm"}', "{prompt: &drum loop}")
    assert found(tmp_path, "", bank) == [
        'presets/opening.yaml:4: pads.36.prompt: YAML does not take &drum for text; if it is, write "&drum loop"'
    ]


@pytest.mark.parametrize(
    ("prompt", "more", "show", "line"),
    [
        (
            "in {key}",
            "",
            "",
            "pads.36.prompt: {key} has nothing behind it, and says 'any key'; name one: key: A minor",
        ),
        ("in {key}", "", "key: A minor", None),
        (
            "{bars} bars",
            ", seconds: 3",
            "",
            "pads.36.prompt: {bars} has nothing behind it, as the length is none in music, and says '2'; say bars: 2",
        ),
        ("{bars} bars", ", bars: 1", "", None),
        ("{bars} bars", "", "defaults: {beats: 4}", None),
        ("{beats} of rain", ", beats: 2", "", "pads.36.prompt: {beats} stays as it is; what is replaced is {bars}"),
        ("{x} of rain", "", "", "pads.36.prompt: {x} stays as it is; what is replaced is {bpm}, {bars}, {key}"),
        (
            "rain",
            ", fragment: {stretch: true}",
            "",
            "pads.36.fragment.stretch: does nothing, as the length is none in bars or beats",
        ),
        ("rain", ", bars: 1, fragment: {stretch: true}", "", None),
        ("rain", ", bars: 2", "", "pads.36.bars: 2 bars at 60 BPM are 8.0 s, more than pocket renders, 6.0 s"),
        ("rain", ", beats: 3", "time: {signature: 4/2}\ntempo: 90", None),
        ("rain", ", beats: 4", "time: {signature: 4/2}", "pads.36.beats: 4 beats at 60 BPM are 8.0 s, more than"),
        ("rain", ", bars: 1", "tempo: 50", None),
    ],
)
def test_what_lengths_and_placeholders_have_nothing_behind(tmp_path, prompt, more, show, line):
    bank = BANK.replace('{prompt: "rain at {bpm} bpm"}', f'{{prompt: "{prompt}"{more}}}')
    lines = found(tmp_path, show, bank)
    if line is None:
        assert lines == []
    else:
        [only] = lines
        assert only.startswith(f"presets/opening.yaml: {line}")


def test_a_key_of_the_bank_is_behind_its_prompts(tmp_path):
    bank = BANK.replace("rain at {bpm} bpm", "in {key}").replace("name: Opening", "name: Opening\nkey: C major")
    assert found(tmp_path, "", bank) == []


def test_a_control_of_more_bars_than_a_model_renders(tmp_path):
    trained(tmp_path, "v")
    show = f"{MINE}controls: [{{cc: 5, sets: beats, range: [1, 6]}}]"
    assert found(tmp_path, show) == [
        f"presets.yaml: cc 5 sets beats: at 6: 6 beats at 120 BPM are 3.0 s, more than mine renders, 2.0 s (pad {pad})"
        for pad in ("36 of opening", "37/10 of opening", "90 of second")
    ]


def test_a_machine_without_a_stretcher(tmp_path, monkeypatch):
    monkeypatch.setattr("midifrag.config.hints.find_spec", lambda _name: None)
    bank = BANK.replace('"rain at {bpm} bpm"', "rain, bars: 1")
    lines = found(tmp_path, "fragments: {stretch: true}", bank)
    assert lines == [
        "presets/opening.yaml: pads.36: is not stretched here: python-stretch has no wheel for this machine"
    ]


def test_a_control_or_a_velocity_may_be_behind_bars(tmp_path):
    pad = '{prompt: "{bars} bars", fragment: {stretch: true}}'
    bank = BANK.replace('{prompt: "rain at {bpm} bpm"}', pad)
    assert found(tmp_path, "controls: [{cc: 5, sets: bars, range: [1, 1]}]", bank) == []


def test_a_velocity_may_be_behind_bars(tmp_path):
    pad = '{prompt: "{bars} bars", velocity: {sets: beats, range: [1, 2]}}'
    assert found(tmp_path, "", BANK.replace('{prompt: "rain at {bpm} bpm"}', pad)) == []


def test_what_a_model_is_told_in_vain(tmp_path):
    bpm = {"id": "bpm", "type": "number", "config": {"min_val": 40, "max_val": 240}}
    model = {"conditioning": {"configs": [bpm]}, "diffusion": {"global_cond_ids": ["bpm"]}}
    (tmp_path / "mine.json").write_text(json.dumps({"model": model}))
    (tmp_path / "mine.ckpt").touch()
    show = "model: mine\nmodels: {mine: {config: mine.json, checkpoint: mine.ckpt}}"
    bank = "{name: A, pads: {36: {prompt: rain, conditioning: {bpm: 20, tempi: 3}}, 37: {prompt: hum}}}"
    assert found(tmp_path, show, bank) == [
        "presets/opening.yaml: pads.36.conditioning: the model has no input tempi; it has bpm",
        "presets/opening.yaml: pads.36.conditioning: bpm 20 is heard as 40: the model knows it from 40 to 240",
    ]
