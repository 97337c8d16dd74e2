"""Distillation of a tiny model of one's own: from a teacher's folder to a student's that the stock loader plays."""

import json
import shutil
import signal
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from training import distill
from training.codec import DECODER, INSIDE, Codec
from training.generator import Generator
from training.lessons import NUMBERS
from training.loop import Average, save
from training.presets import PRESETS
from training.student import Student, Teacher, widened

CPU = torch.device("cpu")


def call(monkeypatch, run, folder, *more):
    argv = ["distill", "--run", str(run), "--preset", "tiny", "--teacher", str(folder), *more]
    monkeypatch.setattr(sys, "argv", argv)
    distill.main()


@pytest.fixture(scope="module")
def run(tmp_path_factory, folder):
    place = tmp_path_factory.mktemp("runs") / "new"
    with pytest.MonkeyPatch.context() as monkeypatch:
        call(monkeypatch, place, folder)
    return place


def test_a_student_begins_as_its_teacher_without_guidance(folder):
    teacher = Teacher(folder, CPU)
    student = Student(teacher, NUMBERS)
    x, t = torch.randn(3, teacher.channels, 24), torch.tensor([0.9, 0.5, 0.1])
    told = teacher.told(["short kick", "wide pad", "bell"], [0.5, 0.4, 0.5])
    given, empty = teacher.both(x, t, told)
    with torch.no_grad():
        for numbers in ((1.0, 16.0), (7.0, 4.0)):
            torch.testing.assert_close(student(x, t, told, torch.tensor([numbers] * 3)), given)
    assert (given - empty).abs().max() > 0.01


def test_what_a_student_learns_is_logged_and_its_folder_plays_in_the_stock_loader(run):
    measured = [row for row in map(json.loads, (run / "distill.log").read_text().splitlines()) if "sampled_4" in row]
    assert [row["step"] for row in measured] == [2, 4]
    # A student of its first steps is its teacher without guidance.
    assert all(row["error_3"] == pytest.approx(1.0, abs=0.2) for row in measured)
    assert all(row["sampled_16"] == pytest.approx(1.0, abs=0.2) for row in measured)
    config = json.loads((run / "distilled" / "model_config.json").read_text())
    assert config["model"]["diffusion"]["global_cond_ids"] == ["seconds_start", "seconds_total", "cfg_scale", "steps"]
    assert config["midifrag"]["defaults"]["steps"] == 4
    generator = Generator(run / "distilled")
    few, many = (generator(["short kick"], 0.5, seed=3, steps=2, guidance=scale) for scale in (1.0, 7.0))
    assert few.shape == (1, 2, 22_050)
    assert not torch.equal(few, many)


def test_a_student_goes_on_from_an_earlier_one_with_all_else_of_its_teacher(tmp_path, run, folder):
    teacher, earlier = Teacher(folder, CPU), run / "distilled"
    with torch.no_grad():
        for part in (teacher.module.pretransform, teacher.module.conditioner):
            for value in part.parameters():
                value.add_(1.0)
    state, taught = load_file(earlier / "model.safetensors"), teacher.module.state_dict()
    begun = Student(teacher, NUMBERS, earlier).module.state_dict()
    own = {name for name, value in begun.items() if name in state and torch.equal(value.half(), state[name])}
    assert {name for name in begun if name.startswith("model.")} <= own
    assert {f"conditioner.conditioners.{name}.embedder.embedding.1.weight" for name in NUMBERS} <= own
    for name in ("conditioner.conditioners.prompt.token_embedder.weight", f"{INSIDE}decoder.layers.0.bias"):
        assert name not in own
        assert torch.equal(begun[name], taught[name])


def test_a_student_is_written_with_a_share_of_an_earlier_one_s_weights(tmp_path, run, folder, monkeypatch):
    earlier = tmp_path / "earlier"
    shutil.copytree(run / "distilled", earlier)
    state = load_file(earlier / "model.safetensors")
    save_file(
        {name: value + 1 if value.is_floating_point() else value for name, value in state.items()},
        str(earlier / "model.safetensors"),
    )
    shutil.copy(run / "distill.pt", tmp_path)
    call(monkeypatch, tmp_path, folder, "--export", "--student", str(earlier), "--keep", "0.25")
    mixed = load_file(tmp_path / "distilled" / "model.safetensors")
    for name, value in state.items():
        own = name.startswith("pretransform.") or not value.is_floating_point()
        # Half precision is written.
        torch.testing.assert_close(mixed[name], value if own else value + 0.25, atol=2e-3, rtol=2e-3)


def test_a_share_of_what_is_written_itself_is_refused(run, folder, monkeypatch, capsys):
    before = (run / "distilled" / "model.safetensors").read_bytes()
    with pytest.raises(SystemExit):
        call(monkeypatch, run, folder, "--export", "--student", str(run / "distilled"), "--keep", "0.5")
    assert "name the student that came before it" in capsys.readouterr().err
    assert (run / "distilled" / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    "more", [("--keep", "0.3"), *(("--keep", share, "--student", ".") for share in ("1.5", "-1", "nan"))]
)
def test_a_share_of_no_earlier_student_is_refused(tmp_path, folder, monkeypatch, capsys, more):
    with pytest.raises(SystemExit):
        call(monkeypatch, tmp_path, folder, *more)
    assert "--keep is a share, 0 to 1, of the weights of --student" in capsys.readouterr().err
    assert not (tmp_path / "distill.pt").exists()


def test_a_student_does_not_go_on_from_what_hears_other_numbers(folder):
    with pytest.raises(ValueError, match="no student of such a teacher"):
        Student(Teacher(folder, CPU), NUMBERS, folder)


def decoder_of(folder, codec, more=0.5):
    with torch.no_grad():
        for value in codec.stock.decoder.parameters():
            value += more
    save({"average": Average(codec).state_dict()}, folder / DECODER)
    return codec.stock.decoder.state_dict()


def test_a_student_is_written_with_a_decoder_that_was_trained_on(tmp_path, run, folder, monkeypatch):
    codec = Codec(PRESETS["tiny"].autoencoder)
    codec.start_from(folder)
    decoder = decoder_of(tmp_path, codec)
    shutil.copy(run / "distill.pt", tmp_path)
    call(monkeypatch, tmp_path, folder, "--export", "--decoder", str(tmp_path))
    before, after = (load_file(place / "distilled" / "model.safetensors") for place in (run, tmp_path))
    other = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert other
    assert all(name.startswith(f"{INSIDE}decoder.") for name in other)
    for name in other:
        assert torch.equal(after[name], decoder[name.removeprefix(f"{INSIDE}decoder.")].half())


def test_of_several_decoders_the_mean_is_taken(tmp_path, folder, run, monkeypatch):
    teacher, runs = Teacher(folder, CPU), [tmp_path / name for name in ("first", "second", "third")]
    codec = Codec(PRESETS["tiny"].autoencoder)
    codec.start_from(folder)
    before = {name: value.clone() for name, value in codec.named_parameters()}
    for place, more in zip(runs, (0.5, 0.5, 2.0), strict=True):
        decoder_of(place, codec, more)
    mean = dict(distill.decoder_for(teacher, runs, PRESETS["tiny"]).named_parameters())
    for name, value in before.items():
        # One on top of the other they are 0.5, 1.0 and 3.0 above the first.
        if "decoder" in name:
            torch.testing.assert_close(mean[name], value + 1.5)
        else:
            assert torch.equal(mean[name], value)
    # Asked for in one go or one by one.
    runs_said = ["--decoder", str(runs[0]), str(runs[1]), "--decoder", str(runs[2])]
    shutil.copy(run / "distill.pt", tmp_path)
    call(monkeypatch, tmp_path, folder, "--export", *runs_said)
    written = load_file(tmp_path / "distilled" / "model.safetensors")
    for name, value in mean.items():
        if "decoder" in name:
            assert torch.equal(written[INSIDE + name.removeprefix("stock.")], value.half())
    decoder_of(tmp_path / "other", Codec(PRESETS["tiny"].autoencoder))
    with pytest.raises(ValueError, match=r"decoder of .*other was trained on for another model"):
        distill.decoder_for(teacher, [runs[0], tmp_path / "other"], PRESETS["tiny"])


def test_a_decoder_of_other_latents_is_refused_before_anything_is_trained(tmp_path, folder, monkeypatch):
    decoder_of(tmp_path, Codec(PRESETS["tiny"].autoencoder))
    with pytest.raises(ValueError, match="was trained on for another model"):
        call(monkeypatch, tmp_path, folder, "--decoder", str(tmp_path))
    assert not (tmp_path / "distill.pt").exists()


@pytest.mark.thorough
def test_a_student_that_goes_on_has_fewer_steps_and_a_lower_rate(tmp_path, run, folder, monkeypatch):
    peaks = []
    monkeypatch.setattr(distill, "learning_rate", lambda _loop, peak: peaks.append(peak) or peak)
    call(monkeypatch, tmp_path, folder, "--student", str(run / "distilled"), "--keep", "1.0")
    size = PRESETS["tiny"].distillation
    assert peaks == [size.further_rate] * size.further_steps
    assert size.further_rate < size.rate
    # All of the earlier one's weights are in what is written, and none of them in what goes on.
    earlier, written = (load_file(place / "distilled" / "model.safetensors") for place in (run, tmp_path))
    assert all(torch.equal(value, earlier[name]) for name, value in written.items())
    trained = torch.load(tmp_path / "distill.pt", weights_only=True)["average"]["values"]
    name = "model.to_global_embed.0.weight"
    assert not torch.equal(trained[f"network.{name}"].half(), earlier[f"model.{name}"])


def test_what_was_never_trained_is_not_written(tmp_path, folder, monkeypatch):
    with pytest.raises(SystemExit, match="nothing to export"):
        call(monkeypatch, tmp_path, folder, "--export")
    assert not (tmp_path / "distilled").exists()


def test_a_teacher_that_hears_its_guidance_already_is_refused(folder):
    config = json.loads((folder / "model_config.json").read_text())
    with pytest.raises(ValueError, match="hears cfg_scale already"):
        widened(widened(config, "cfg_scale", 1.0, 7.0), "cfg_scale", 1.0, 7.0)


@pytest.mark.thorough
def test_a_student_that_is_stopped_is_written_and_goes_on(tmp_path, folder, monkeypatch):
    draw = distill.Lessons.draw

    def stop(lessons, count):
        signal.raise_signal(signal.SIGTERM)
        return draw(lessons, count)

    monkeypatch.setattr(distill.Lessons, "draw", stop)
    with pytest.raises(SystemExit, match="stopped at step 1"):
        call(monkeypatch, tmp_path, folder)
    first = load_file(tmp_path / "distilled" / "model.safetensors")
    monkeypatch.setattr(distill.Lessons, "draw", draw)
    call(monkeypatch, tmp_path, folder)
    last = load_file(tmp_path / "distilled" / "model.safetensors")
    state = torch.load(tmp_path / "distill.pt", weights_only=True)
    assert (state["step"], state["finished"]) == (4, True)
    trained = "model.model.to_global_embed.0.weight"
    assert not torch.equal(first[trained], last[trained])
    frozen = "conditioner.conditioners.prompt.token_embedder.weight"
    assert torch.equal(first[frozen], last[frozen])
