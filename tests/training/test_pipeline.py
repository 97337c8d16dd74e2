"""From nothing to an exported, evaluated model with a card, at a size that learns nothing."""

import json
import shutil
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from training import all as everything
from training import autoencoder, card, clips, data, decoder, diffusion, evaluate, export, judge, latents
from training.captions import NAMES, RARE, WORDS, families_with, held_out, missed, scarcity
from training.clips import Clips
from training.codec import INSIDE, Codec
from training.generator import Generator
from training.presets import PRESETS


def call(module, run, monkeypatch, *more):
    monkeypatch.setattr(sys, "argv", [module.__name__, "--run", str(run), "--preset", "tiny", *more])
    module.main()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(autoencoder, "JUDGED", 4)
        monkeypatch.setattr(autoencoder, "WRITTEN", 1)
        monkeypatch.setattr(autoencoder, "STARTERS", 20)
        monkeypatch.setattr(latents, "MEASURED", 8)
        monkeypatch.setattr(diffusion, "STEPS", 2)
        monkeypatch.setattr(diffusion, "EACH", 1)
        call(data, folder, monkeypatch, "--workers", "1")
        for module in (judge, autoencoder, latents, diffusion, export):
            call(module, folder, monkeypatch)
    return folder


def test_clips_are_whole_and_their_prompts_true(run):
    train, test = Clips(run, "train"), Clips(run, "test")
    assert len(train) == 54
    assert not set(train.prompts) & {prompt for prompt in test.prompts if " " in prompt}
    for split in (train, test):
        audio = split.whole(torch.arange(len(split)))
        assert float(audio.abs().amax(dim=(1, 2)).min()) > 0.05
        end = (split.seconds * 44_100).round().int()
        assert all(not sound[:, stop:].any() for sound, stop in zip(audio, end.tolist(), strict=True))


def test_a_clip_depends_on_its_number_only(run):
    split = data.splits(PRESETS["tiny"].data, 1)[0]
    again, row = data.render_clip(split, 7)
    clips = Clips(run, "train")
    assert np.array_equal(again, clips.audio[7].numpy())
    assert row["prompt"] == clips.prompts[7]


def test_rare_adjectives_get_clips_of_their_own(run):
    clips = Clips(run, "rare")
    words = {word for axis in RARE for word in WORDS[axis]}
    assert len(clips) == len(families_with(RARE))
    assert all(words & set(prompt.split()) for prompt in clips.prompts)
    assert not any(held_out(prompt) for prompt in clips.prompts)
    both = diffusion.Latents(run, "train", "rare")
    assert len(both.latents) == len(both.prompts) == len(both.families) == len(Clips(run, "train")) + len(clips)
    assert both.weights.tolist() == pytest.approx([scarcity(prompt) for prompt in both.prompts])


def test_words_that_holding_out_leaves_less_of_get_clips_of_their_own(run):
    clips = Clips(run, "missed")
    wanted = [(family, word) for family in NAMES for word in missed(family)]
    assert [
        (prompt.split()[-1], word in prompt.split()) for prompt, (_, word) in zip(clips.prompts, wanted, strict=True)
    ] == [(family, True) for family, _ in wanted]
    assert not any(held_out(prompt) for prompt in clips.prompts)
    both = diffusion.Latents(run, "train", "missed")
    assert both.prompts == Clips(run, "train").prompts + clips.prompts


def test_a_stopped_rendering_goes_on(run, tmp_path):
    split = data.splits(PRESETS["tiny"].data, 1)[0]
    data.render_split(split, tmp_path, 1)
    rows = json.loads((tmp_path / "train.json").read_text())
    (tmp_path / "train.json").unlink()
    (tmp_path / "train.journal").write_text(json.dumps({"start": 0, "rows": rows}) + "\n")
    before = (tmp_path / "train.npy").stat().st_mtime_ns
    data.render_split(split, tmp_path, 1)
    assert (tmp_path / "train.npy").stat().st_mtime_ns == before
    assert json.loads((tmp_path / "train.json").read_text()) == rows


def test_samples_and_logs_are_written_while_training(run):
    assert list((run / "samples").glob("autoencoder-000003-*.flac"))
    assert list((run / "samples").glob("diffusion-000004-*.flac"))
    for name in ("autoencoder", "diffusion"):
        rows = [json.loads(line) for line in (run / f"{name}.log").read_text().splitlines()]
        assert any("named_right" in row for row in rows)


def test_latents_have_unit_size(run):
    values = torch.load(run / "latents-train.pt", weights_only=True)["latents"].float()
    assert values.shape == (54, 64, 48)
    assert 0.5 < float(values.square().mean().sqrt()) < 2


def test_the_export_plays_through_the_stock_front_door(run):
    generator = Generator(run / "export")
    one = generator(["short kick", "wide pad"], 1.0, seed=3)
    assert one.shape == (2, 2, 44_100)
    assert torch.isfinite(one).all()
    assert torch.equal(one, generator(["short kick", "wide pad"], 1.0, seed=3))
    assert not torch.equal(one, generator(["short kick", "wide pad"], 1.0, seed=4))
    assert sum(file.stat().st_size for file in (run / "export").rglob("*") if file.is_file()) < 16e6


def test_a_decoder_alone_is_trained_on_so_that_latents_stay_what_they_were(run, monkeypatch):
    monkeypatch.setattr(autoencoder, "JUDGED", 4)
    whole = (run / "autoencoder.pt").read_bytes()
    call(decoder, run, monkeypatch, "--model", str(run / "export"))
    assert (run / "autoencoder.pt").read_bytes() == whole
    before = load_file(run / "export" / "model.safetensors")
    state = torch.load(run / "decoder.pt", weights_only=True)
    assert state["step"] == PRESETS["tiny"].autoencoder.further_steps
    after = state["codec"]
    named = {name.removeprefix("stock."): value for name, value in after.items()}
    moved = {name for name, value in named.items() if not torch.equal(value, before[INSIDE + name].float())}
    assert moved
    assert all(name.startswith("decoder.") for name in moved)


def decoder_run(run, folder, *left_out):
    folder.mkdir()
    (folder / "judge.pt").symlink_to(run / "judge.pt")
    (folder / "data").mkdir()
    for path in (run / "data").iterdir():
        if path.stem not in left_out:
            (folder / "data" / path.name).symlink_to(path)
    return folder


def equal(one, other):
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


def test_a_decoder_and_its_adversary_go_on_as_if_they_had_not_stopped(run, tmp_path, monkeypatch):
    monkeypatch.setattr(autoencoder, "JUDGED", 4)
    monkeypatch.setattr(decoder, "ALONE", 1)
    model = ("--model", str(run / "export"))
    once, twice = (decoder_run(run, tmp_path / name) for name in ("once", "twice"))
    call(decoder, once, monkeypatch, *model)
    with monkeypatch.context() as stopping:
        step = decoder.Trainer.step

        def one_step(self, loop):
            loop.asked_to_stop = True
            return step(self, loop)

        stopping.setattr(decoder.Trainer, "step", one_step)
        with pytest.raises(SystemExit, match="stopped at step 1"):
            call(decoder, twice, monkeypatch, *model)
    first = torch.load(twice / "decoder.pt", weights_only=True)
    call(decoder, twice, monkeypatch, *model)
    whole, resumed = (torch.load(folder / "decoder.pt", weights_only=True) for folder in (once, twice))
    for part in ("codec", "optimiser", "average", "adversary", "opposing"):
        assert equal(whole[part], resumed[part]), part
        assert not equal(first[part], resumed[part]), part

    # What the adversary says has a part in it.
    monkeypatch.setattr(decoder, "ALONE", 1e9)
    deaf = decoder_run(run, tmp_path / "deaf")
    call(decoder, deaf, monkeypatch, *model)
    assert not equal(whole["codec"], torch.load(deaf / "decoder.pt", weights_only=True)["codec"])


def test_a_decoder_is_trained_on_without_the_splits_that_may_be_left_out(run, tmp_path, monkeypatch):
    monkeypatch.setattr(autoencoder, "JUDGED", 4)
    folder = decoder_run(run, tmp_path / "own", "rare", "missed")
    hear, heard = decoder.ReconstructionLoss.hear, []

    def listening(loss, audio, *, channels):
        heard.append(channels)
        return hear(loss, audio, channels=channels)

    monkeypatch.setattr(decoder.ReconstructionLoss, "hear", listening)
    monkeypatch.setattr(decoder.Examples, "by_channel", lambda _, step: step == 1)
    call(decoder, folder, monkeypatch, "--model", str(run / "export"))
    assert (folder / "decoder.pt").exists()
    assert heard == [False, False, True, True]


def test_a_decoder_of_another_model_is_not_gone_on_with(run, tmp_path, monkeypatch):
    monkeypatch.setattr(autoencoder, "JUDGED", 4)
    folder = decoder_run(run, tmp_path / "own")
    call(decoder, folder, monkeypatch, "--model", str(run / "export"))
    other = tmp_path / "other"
    shutil.copytree(run / "export", other)
    state = load_file(other / "model.safetensors")
    name = next(name for name in state if name.startswith(INSIDE + "encoder.") and state[name].ndim == 3)
    save_file({**state, name: state[name] + 1}, other / "model.safetensors")
    with pytest.raises(SystemExit, match="another model"):
        call(decoder, folder, monkeypatch, "--model", str(other), "--extend")


def test_what_a_decoder_is_taught_on_is_of_the_families_that_are_said(run, monkeypatch):
    clips, preset = Clips(run, "train"), PRESETS["tiny"].autoencoder
    levels = (1 + clips.families.float()) / 30
    clips.audio = (levels[:, None, None] * torch.ones(clips.audio.shape) * 32_767).short()
    played = decoder.Played(run / "export", torch.device("cpu"))
    codec = Codec(preset)
    batch = decoder.Examples([clips], played, preset).draw(codec, 0)
    assert batch.made.shape == batch.real.shape == (2, 2, preset.crop * 1024)
    assert ((batch.real.amax(dim=(1, 2)) * 30).round() - 1).tolist() == batch.families.tolist()


def test_an_autoencoder_and_a_transformer_of_a_model_are_trained_on(run, tmp_path, monkeypatch):
    monkeypatch.setattr(autoencoder, "JUDGED", 4)
    before = load_file(run / "export" / "model.safetensors")
    for given in ("data", "judge.pt", "codec.pt", *(path.name for path in run.glob("latents-*.pt"))):
        (tmp_path / given).symlink_to(run / given)
    call(autoencoder, tmp_path, monkeypatch, "--model", str(run / "export"))
    after = torch.load(tmp_path / "autoencoder.pt", weights_only=True)["codec"]
    named = {name.removeprefix("stock."): value for name, value in after.items()}
    moved = {name for name, value in named.items() if not torch.equal(value, before[INSIDE + name].float())}
    assert {name.partition(".")[0] for name in moved} == {"encoder", "decoder"}

    # With a rate of nothing it ends as what it began with.
    monkeypatch.setattr(diffusion, "learning_rate", lambda *_: 0.0)
    call(diffusion, tmp_path, monkeypatch, "--model", str(run / "export"))
    after = torch.load(tmp_path / "diffusion.pt", weights_only=True)["trained"]
    name = "transformer.model.transformer.project_in.weight"
    assert torch.equal(after[name], before[name.replace("transformer.", "model.", 1)].float())


def test_what_comes_back_worst_is_heard_more_often(run, monkeypatch):
    assert set(clips.HARDER) <= set(NAMES)
    assert set(clips.HARDER_WORDS) <= {word for pair in WORDS.values() for word in pair}
    train = Clips(run, "train")
    rain = train.families == NAMES.index("rain")
    monkeypatch.setattr(clips, "HARDER", {"rain": 3.0})
    monkeypatch.setattr(clips, "HARDER_WORDS", {"clean": 2.0})
    clean = torch.tensor(["clean" in prompt.split() for prompt in train.prompts])
    assert clean.any()
    assert torch.equal(clips.harder(train), torch.where(rain, 3.0, 1.0) * torch.where(clean, 2.0, 1.0))
    # Nothing but rain sounds, so that a crop of anything else is silent.
    train.audio = torch.where(rain[:, None, None], 16_384, torch.zeros_like(train.audio))
    crops, chosen = train.crops(6, 16, torch.where(rain, 1.0, 0.0))
    assert rain[chosen].all()
    assert crops.shape == (6, 2, 16 * 1024)
    assert (crops.amax(dim=(1, 2)) > 0.4).all()


def test_the_export_is_a_model_that_midifrag_plays(run):
    config = json.loads((run / "export" / "model_config.json").read_text())
    assert config["midifrag"]["short_latents"] is True
    assert set(config["midifrag"]["defaults"]) == {"steps", "cfg_scale", "seconds"}
    assert config["midifrag"]["defaults"]["steps"] <= 20


@pytest.mark.thorough
def test_evaluation_and_card(run, monkeypatch):
    monkeypatch.setattr(evaluate, "MEASURES", {"length": evaluate.MEASURES["length"]})
    monkeypatch.setattr(Generator, "seconds_for", lambda *_: 0.25)
    monkeypatch.setattr(Generator, "__call__", lambda _, prompts, *__, **___: torch.randn(len(prompts), 2, 132_300))
    with pytest.raises(SystemExit) as end:
        call(evaluate, run, monkeypatch, "--each", "1", "--pairs", "1", "--teacher", str(run / "export"))
    assert end.value.code == 1
    result = json.loads((run / "evaluation.json").read_text())
    assert any(line.startswith("generated") for line in result["missed"])
    call(card, run, monkeypatch)
    text = (run / "export" / "README.md").read_text()
    assert f"{result['generated']:.1%}" in text
    # Noise is as various as noise.
    assert result["variety"] / result["teacher_variety"] == pytest.approx(1.0, abs=0.05)
    assert f"| {result['variety'] / result['teacher_variety']:.2f} | ≥ 0.9 |" in text
    assert (run / "export" / "spectrograms.png").read_bytes().startswith(b"\x89PNG")


def test_the_gate_names_what_is_missed():
    passed = {
        "words": {"short/long": {"generated": 0.95}},
        "real": 0.98,
        "generated": 0.72,
        "silence": {"mean": -80.0},
        "seconds_for_3_s": 0.4,
        "variety": 0.5,
    }
    assert evaluate.failures(passed) == []
    for change in (
        {"real": 0.9},
        {"generated": 0.6},
        {"silence": {"mean": -50.0}},
        {"seconds_for_3_s": 0.6},
        {"words": {"short/long": {"generated": 0.8}}},
        {"teacher_variety": 0.6},
    ):
        assert len(evaluate.failures({**passed, **change})) == 1


def test_sounds_of_one_prompt_that_are_all_the_same_have_no_variety():
    mel = judge.Mel()
    one, other = torch.randn(2, 2, 132_300)
    alike = evaluate.variety(lambda prompts: one.expand(len(prompts), 2, -1), mel)
    assert alike == 0
    halves = evaluate.variety(lambda prompts: torch.stack([one, other] * (len(prompts) // 2)), mel)
    all_other = evaluate.variety(lambda prompts: torch.randn(len(prompts), 2, 132_300), mel)
    # Of the 28 pairs of eight sounds, 16 are of unlike ones.
    assert halves == pytest.approx(all_other * 16 / 28, rel=0.05)


def test_a_card_says_how_a_model_is_told_what_it_hears():
    evaluation = {
        "steps": 4,
        "guidance": 3.0,
        "real": 1.0,
        "reconstructed": 1.0,
        "generated": 1.0,
        "families": {"kick": 1.0},
        "words": {},
        "silence": {"mean": -90.0, "sample": -90.0},
        "seconds_for_3_s": 0.1,
        "by_guidance": {1.0: 1.0},
        "by_steps": {4: 1.0},
        "after_the_end": {1.0: -60.0},
        "variety": 0.5,
    }
    hears = card.card(evaluation, [], {"cfg_scale": 3.0, "steps": 4})
    assert "Guidance beyond\n1 to 7, and steps beyond 16, are heard as the nearest of these." in hears
    assert "beyond" not in card.card(evaluation, [], {})
    assert "cfg_scale=1.0, device" in hears
    assert '"seconds_total": 3, "cfg_scale": 3.0, "steps": 4}]' in hears
    assert "cfg_scale=3.0, device" in card.card(evaluation, [], {})


def test_all_runs_every_step_and_shares_out_the_minutes(monkeypatch, tmp_path):
    commands = []

    class Done:
        def __init__(self, command):
            commands.append(command)
            self.returncode = 1 if "training.evaluate" in command else 0

    monkeypatch.setattr(everything.subprocess, "run", lambda command, **_: Done(command))
    with pytest.raises(SystemExit) as end:
        call(everything, tmp_path, monkeypatch, "--minutes", "20", "--device", "cuda")
    assert end.value.code == 1
    assert [command[2].removeprefix("training.") for command in commands] == list(everything.STEPS)
    minutes = [float(command[command.index("--minutes") + 1]) for command in commands if "--minutes" in command]
    assert minutes == pytest.approx([1.0, 9.0, 15.0], abs=0.1)
    assert all("cuda" in command for command in commands)


def test_all_stops_at_a_step_that_fails(monkeypatch, tmp_path):
    monkeypatch.setattr(everything.subprocess, "run", lambda *_, **__: type("Failed", (), {"returncode": 3}))
    with pytest.raises(SystemExit) as end:
        call(everything, tmp_path, monkeypatch)
    assert end.value.code == 3
