"""``python -m training.distill``: teach a student to do in one pass, and in few steps, what its teacher does in more.

What is taught, and after whom, says `training.lessons`. The teacher is any model folder of a rectified flow in
stable-audio-tools' format; lessons are its own answers, so nothing else is needed. Writes ``distill.pt``,
``distill.log`` and, when it ends or is stopped, ``distilled/``, a model folder that every loader of the format plays.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch

from midifrag.config.catalogue import EARLIER_POCKET_FOLDER
from training.codec import DECODER, Codec
from training.diffusion import optimisers
from training.latents import averaged_codec
from training.lessons import NUMBERS, Lessons
from training.loop import Average, Loop, Stateful, learning_rate, parser
from training.presets import PRESETS, DistillationPreset, Preset
from training.student import Student, Teacher, export, go_back, same_encoder
from training.team import Team
from training.transformer import plain_attention
from training.ways import Prompts, Ways

#: The folder in a run that the student is written to.
WRITTEN = "distilled"


def arguments() -> argparse.Namespace:
    """What the command line says."""
    result = parser(__doc__)
    result.add_argument("--teacher", type=Path, default=EARLIER_POCKET_FOLDER, help="model folder (pocket-1)")
    result.add_argument("--student", type=Path, help="model folder of an earlier student, to begin with its weights")
    result.add_argument(
        "--keep", type=float, default=0.0, help="share of the weights of --student that the written model keeps"
    )
    result.add_argument("--prompts", type=Path, help="file with one prompt a line, for a teacher of other sounds")
    result.add_argument(
        "--decoder",
        type=Path,
        nargs="+",
        action="extend",
        help="run in which the teacher's decoder was trained on; of several the mean",
    )
    result.add_argument("--export", action="store_true", help="write the folder from the checkpoint, and train nothing")
    given = result.parse_args()
    if not 0 <= given.keep <= 1 or (given.keep and given.student is None):
        result.error("--keep is a share, 0 to 1, of the weights of --student")
    if given.keep and given.student.resolve() == (given.run / WRITTEN).resolve():
        result.error(f"{given.student} is what is written: name the student that came before it")
    return given


def distil(
    student: Student, lessons: Lessons, size: DistillationPreset, checkpoint: Path, given: argparse.Namespace
) -> None:
    """Train the student, and leave it with its averaged weights, also when it is stopped."""
    if student.device.type == "cpu":
        plain_attention(student.module)
    average = Average(student, size.decay)
    steps, highest = (size.steps, size.rate) if given.student is None else (size.further_steps, size.further_rate)
    muon, adam = optimisers(student.module, highest, position_rate=1.0)
    parts: dict[str, Stateful] = {"student": student, "muon": muon, "adam": adam, "average": average}
    loop = Loop(checkpoint, steps, given.seed, parts, given.minutes, extend=given.extend)
    parameters = list(student.parameters())
    try:
        for step in () if given.export else loop.steps():
            rate = learning_rate(loop, highest)
            for group in (*muon.param_groups, *adam.param_groups):
                group["lr"] = rate * group.get("factor", 1.0)
            if step == loop.first or step % size.renew_every == 0:
                lessons.renew(student)
            lesson = lessons.draw(size.batch)
            with torch.autocast(student.device.type, dtype=torch.bfloat16):
                wrong = student(lesson.x, lesson.t, lesson.told, lesson.numbers) - lesson.target
            loss = (wrong.float().square().mean(dim=(1, 2)) * lesson.weights).mean()
            for optimiser in (muon, adam):
                optimiser.zero_grad()
            loss.backward()
            loop.share(parameters)
            norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            for optimiser in (muon, adam):
                optimiser.step()
            average.update(student)
            loop.log(loss=loss, norm=norm)
            if (step + 1) % size.measure_every == 0 and loop.team.rank == 0:
                with average.in_place_of(student):
                    loop.note({"step": step + 1, **lessons.measure(student)})
    finally:
        average.copy_to(student)


@torch.no_grad()
def decoder_for(teacher: Teacher, runs: Sequence[Path], preset: Preset) -> Codec:
    """The decoder that was trained on in a run; of several the mean of their weights (arXiv:2203.05482).

    Raises ValueError where one reads other latents than the teacher's.
    """
    codecs = [averaged_codec(run / DECODER, preset) for run in runs]
    for run, codec in zip(runs, codecs, strict=True):
        if not same_encoder(codec, teacher):
            raise ValueError(f"the decoder of {run} was trained on for another model than {teacher.folder}")
    # Not the encoder, the same in all: a mean is rounded.
    for value, *others in zip(*(codec.stock.decoder.parameters() for codec in codecs), strict=True):
        value.copy_(torch.stack([value, *others]).mean(dim=0))
    return codecs[0]


def main() -> None:
    """Train until the preset's last step, or until stopped; then write the model."""
    given = arguments()
    preset, device, checkpoint = PRESETS[given.preset], torch.device(given.device), given.run / "distill.pt"
    if given.export and not checkpoint.exists():
        raise SystemExit(f"{checkpoint} is not there: there is nothing to export yet")
    torch.manual_seed(given.seed)
    teacher = Teacher(given.teacher, device)
    codec = None if given.decoder is None else decoder_for(teacher, given.decoder, preset)
    lessons = Lessons(Ways(teacher, Prompts(given.prompts), preset.distillation.ways))
    student = Student(teacher, NUMBERS, given.student)
    stopped = None
    try:
        distil(student, lessons, preset.distillation, checkpoint, given)
    except SystemExit as asked:
        stopped = asked
    if Team().rank == 0:
        if given.keep:
            go_back(student.module, given.student, given.keep)
        if codec is not None:
            student.module.pretransform.model.load_state_dict(codec.stock.state_dict())
        export(student, teacher, given.run / WRITTEN)
    if stopped is not None:
        raise stopped


if __name__ == "__main__":
    main()
