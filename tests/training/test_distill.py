"""Distillation of a tiny model of one's own: from a teacher's folder to a student's that the stock loader plays."""

import json
import shutil
import signal
import sys
from collections import Counter
from itertools import pairwise

import pytest
import torch
from safetensors.torch import load_file, save_file

from midifrag.engine.loading.light_imports import light_imports
from midifrag.engine.loading.silence_output import silence_output
from training import distill, ways
from training import lessons as lessons_module
from training.codec import DECODER, INSIDE, Codec
from training.config import model_config
from training.generator import Generator
from training.lessons import ALL_STEPS, NUMBERS, Lessons
from training.loop import Average, save
from training.presets import PRESETS
from training.student import Student, Teacher, widened
from training.tokens import save_tokenizer
from training.ways import Prompts, Ways, schedule

with light_imports():
    from stable_audio_tools.models.factory import create_model_from_config

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A teacher with random weights, louder than those of a start so that each of its inputs counts."""
    place = tmp_path_factory.mktemp("teacher")
    preset = PRESETS["tiny"]
    config = model_config(preset.autoencoder, preset.diffusion)
    config["midifrag"] = {"defaults": {"steps": 8, "cfg_scale": 3.0, "seconds": 0.5}, "short_latents": True}
    save_tokenizer(place / "tokenizer")
    (place / "model_config.json").write_text(json.dumps(config))
    prompt = config["model"]["conditioning"]["configs"][0]["config"]
    prompt["tokenizer_name"] = str(place / "tokenizer")
    torch.manual_seed(3)
    with silence_output():
        module = create_model_from_config(config)
    with torch.no_grad():
        for name, value in module.model.named_parameters():
            if value.ndim == 2 and not value.any():
                value.normal_(0, 0.2)
            assert value.any() or value.ndim == 1 or "conv" in name, name
        module.conditioner.conditioners["prompt"].token_embedder.weight.normal_(0, 0.5)
    save_file(
        {name: value.contiguous() for name, value in module.state_dict().items()}, str(place / "model.safetensors")
    )
    return place


def still(x, _t, _told, _numbers):
    """A student that goes nowhere."""
    return torch.zeros_like(x)


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


def test_a_student_does_not_go_on_from_what_hears_other_numbers(folder):
    with pytest.raises(ValueError, match="no student of such a teacher"):
        Student(Teacher(folder, CPU), NUMBERS, folder)


def test_a_single_step_s_lesson_is_what_guidance_makes_of_both_answers(folder):
    teacher = Teacher(folder, CPU)
    lessons = Lessons(Ways(teacher, Prompts(None), 3))
    lessons.renew(still)
    (block,) = lessons.kept
    assert block.reached is None
    torch.manual_seed(5)
    lesson = lessons.draw(8)
    single, few = lesson.numbers[:, 1] == ALL_STEPS, lesson.numbers[:, 1] < ALL_STEPS
    assert int(single.sum()) >= 4
    given, empty = teacher.both(lesson.x[:4], lesson.t[:4], lesson.told.rows(torch.arange(4)))
    right = empty + lesson.numbers[:4, 0, None, None] * (given - empty)
    # Half precision is what the answers are kept in.
    torch.testing.assert_close(lesson.target[:4], right, atol=0.1, rtol=0.05)
    assert set(lesson.numbers[4:, 0].tolist()) <= set(block.scales.tolist())
    assert few.any()


def test_a_lesson_of_fewer_steps_leads_to_where_the_teacher_is_after_one_of_them(folder):
    lessons = Lessons(Ways(Teacher(folder, CPU), Prompts(None), 2))
    lessons.renew(still)
    way = lessons.kept[0].way
    torch.manual_seed(0)
    lesson = lessons._longer(lessons.kept[0], 600)
    times, looked_at = schedule(ALL_STEPS), set()
    for x, t, target, (_, steps) in zip(lesson.x, lesson.t, lesson.target, lesson.numbers.tolist(), strict=True):
        if ALL_STEPS % int(steps) == 0:
            first = int((times - t).abs().argmin())
            last = first + ALL_STEPS // int(steps)
            apart = (x + (times[last] - t) * target - way[last]).abs().amax(dim=(1, 2))
            assert float(apart.min()) < 1e-4
            looked_at.add(steps)
    assert looked_at == {1, 2, 4, 8, 16}


@pytest.mark.parametrize("steps", [2, 8])
def test_on_a_student_s_way_the_teacher_shows_how_to_go_on_from_each_place(folder, monkeypatch, steps):
    monkeypatch.setattr(lessons_module, "LED", 1.0)
    monkeypatch.setattr(lessons_module, "LED_STEPS", (steps,))
    teacher, numbers = Teacher(folder, CPU), []
    lessons = Lessons(Ways(teacher, Prompts(None), 2))

    def sideways(x, t, told, told_numbers):
        numbers.append(told_numbers)
        return -0.3 * x

    torch.manual_seed(0)
    lessons.renew(sideways)
    # The first is never the student's: there is nothing else to draw from yet.
    assert lessons.kept[0].reached is None
    assert not numbers
    lessons.renew(sideways)
    block = lessons.kept[1]
    times, inner = schedule(steps), ALL_STEPS // steps
    assert len(block.way) == steps + 1
    for index, x in enumerate(block.way[:-1]):
        own = x - (times[index + 1] - times[index]) * 0.3 * x
        torch.testing.assert_close(block.way[index + 1], own)
        right = x
        for now, then in pairwise(schedule(ALL_STEPS)[index * inner : (index + 1) * inner + 1]):
            given, empty = teacher.both(right, now.expand(len(x)), block.told)
            right = right + (then - now) * (empty + block.scales[:, None, None] * (given - empty))
        # On ways that are taught the teacher answers in half precision.
        assert (block.reached[index] - right).norm() < 0.1 * (right - own).norm()
    assert torch.equal(torch.stack(numbers)[:, :, 0], block.scales.expand(steps, -1))
    assert {float(value) for value in torch.stack(numbers)[:, :, 1].flatten()} == {float(steps)}

    lesson = lessons._longer(block, 200)
    assert {float(value) for value in lesson.numbers[:, 1]} == {float(steps)}
    seen = set()
    for x, t, target in zip(lesson.x, lesson.t, lesson.target, strict=True):
        index = int((times - t).abs().argmin())
        row = int((block.way[index] - x).abs().amax(dim=(1, 2)).argmin())
        torch.testing.assert_close(x, block.way[index, row])
        end = x + (times[index + 1] - times[index]) * target
        torch.testing.assert_close(end, block.reached[index, row], atol=1e-4, rtol=1e-4)
        seen.add(index)
    assert seen == set(range(steps))


def test_what_a_student_is_mostly_played_with_is_taught_the_most(folder):
    teacher = Teacher(folder, CPU)
    lessons = Lessons(Ways(teacher, Prompts(None), 2))
    torch.manual_seed(0)
    scales = lessons._scales(1000)
    assert 0.2 < float((scales == teacher.guidance).float().mean()) < 0.4
    assert 0.1 < float((scales == 1.0).float().mean()) < 0.2
    assert float(scales.min()) >= 1.0
    assert float(scales.max()) <= 7.0
    lessons.renew(still)
    assert 0.35 < float((lessons._steps(lessons.kept[0], 1000) == 4).float().mean()) < 0.55
    # Beyond what a student learns there is nothing to teach.
    teacher.guidance = 9.0
    lessons = Lessons(Ways(teacher, Prompts(None), 2))
    assert float(lessons._scales(1000).max()) == 7.0
    assert lessons.held_out.scales.tolist() == [7.0, 7.0]


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
    call(monkeypatch, tmp_path, folder, "--student", str(run / "distilled"))
    size = PRESETS["tiny"].distillation
    assert peaks == [size.further_rate] * size.further_steps
    assert size.further_rate < size.rate


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


def test_prompts_of_a_file_are_taken_and_some_of_them_held_out(tmp_path):
    file = tmp_path / "prompts.txt"
    file.write_text("\n".join(f"gong {number}" for number in range(64)))
    prompts = distill.Prompts(file)
    drawn, kept = set(prompts(500)), set(prompts(500, evaluation=True))
    assert all(prompt.startswith("gong") for prompt in drawn | kept)
    assert kept
    assert not drawn & kept


def test_prompts_name_words_that_few_captions_have(monkeypatch):
    torch.manual_seed(0)

    def low_leads():
        prompts = [prompt.split() for prompt in Prompts()(1800) if prompt.endswith("lead")]
        return sum("low" in prompt for prompt in prompts) / len(prompts)

    assert 0.18 < low_leads() < 0.4
    monkeypatch.setattr(ways, "NAMED", 1.0)
    assert low_leads() == 1
    monkeypatch.setattr(ways, "NAMED", 0.0)
    assert low_leads() < 0.15


def test_prompts_name_some_families_more_often_but_not_where_they_are_measured():
    torch.manual_seed(0)
    drawn = {
        evaluation: Counter(prompt.split()[-1] for prompt in Prompts()(2700, evaluation=evaluation))
        for evaluation in (False, True)
    }
    assert set(drawn[True].values()) == {100}
    usual = drawn[False]["kick"]
    assert {name: round(count / usual) for name, count in drawn[False].items() if round(count / usual) > 1} == {
        "lead": 3,
        "pluck": 2,
    }
