"""A teacher in stable-audio-tools' format, and a student that hears more numbers and begins as its equal.

The numbers go by the global conditioning, so that every loader of that format knows them: they are number conditioners
like ``seconds_total``. The columns that read them begin as zeros, so that the student's first answer is its teacher's.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from stable_audio_tools.models.diffusion import ConditionedDiffusionModelWrapper
from stable_audio_tools.models.factory import create_model_from_config
from stable_audio_tools.models.utils import load_ckpt_state_dict
from torch import Tensor, nn

from midifrag.engine.loading.load import with_absolute_tokenizers
from midifrag.engine.loading.silence_output import silence_output
from training.codec import Codec

#: The weight that reads what is told by the global conditioning, and the one after it.
FIRST, LAST = (f"model.model.to_global_embed.{index}.weight" for index in (0, 2))
#: The steps that a student is played with where nothing is said.
USUAL_STEPS = 4
CONFIG, WEIGHTS = "model_config.json", "model.safetensors"


@dataclass(frozen=True)
class Told:
    """What a model is told of a batch; None where it has no such input.

    ``cross`` is (n, tokens, width), ``whole`` (n, width), ``before`` (n, tokens, width).
    """

    cross: Tensor | None
    whole: Tensor | None
    before: Tensor | None

    def rows(self, chosen: Tensor) -> Told:
        """That of some of the batch."""
        return self.map(lambda part: part[chosen])

    def map(self, change: Any) -> Told:
        """All parts that are there, changed."""
        parts = (None if part is None else change(part) for part in (self.cross, self.whole, self.before))
        return Told(*parts)

    def without_prompt(self, where: Tensor | None = None) -> Told:
        """What guidance departs from: zeros for the prompt, in the rows ``where`` says so or in all."""

        def emptied(part: Tensor | None) -> Tensor | None:
            if part is None:
                return None
            return torch.zeros_like(part) if where is None else part.masked_fill(where[:, None, None], 0.0)

        return replace(self, cross=emptied(self.cross), before=emptied(self.before))

    def and_rows(self, other: Told) -> Told:
        """With those of another batch after its own."""
        pairs = ((self.cross, other.cross), (self.whole, other.whole), (self.before, other.before))
        return Told(*(None if own is None or more is None else torch.cat([own, more]) for own, more in pairs))

    def and_numbers(self, embedded: Sequence[Tensor]) -> Told:
        """With numbers more, each ``embedded`` (n, width)."""
        before = [] if self.whole is None else [self.whole]
        return replace(self, whole=torch.cat([*before, *embedded], dim=-1))


def ask(module: ConditionedDiffusionModelWrapper, x: Tensor, t: Tensor, told: Told) -> Tensor:
    """The diffusion network's answer, without guidance."""
    parts = {"cross_attn_cond": told.cross, "global_embed": told.whole, "prepend_cond": told.before}
    if told.before is not None:
        parts["prepend_cond_mask"] = told.before.new_ones(told.before.shape[:2], dtype=torch.bool)
    given = {name: part for name, part in parts.items() if part is not None}
    answer: Tensor = module.model.model(x, t, use_checkpointing=False, **given)
    return answer


class Teacher:
    """A model folder with ``model_config.json`` and ``model.safetensors``, its weights as they are.

    Raises ValueError for a model that is not trained for a rectified flow.
    """

    def __init__(self, folder: Path, device: torch.device) -> None:
        self.folder, self.device = folder, device
        self.config: dict[str, Any] = json.loads((folder / CONFIG).read_text())
        if self.config["model"]["diffusion"].get("diffusion_objective", "v") != "rectified_flow":
            raise ValueError(f"{folder} is no rectified flow: what is distilled here are its straight steps")
        with silence_output():
            self.module = create_model_from_config(with_absolute_tokenizers(self.config, folder))
        self.module.load_state_dict(load_ckpt_state_dict(str(folder / WEIGHTS)))
        self.module.to(device).eval().requires_grad_(False)
        block = self.config.get("midifrag", {})
        self.beside: dict[str, Any] = block.get("conditioning", {})
        self.channels = int(self.module.io_channels)
        self.ratio = int(self.module.pretransform.downsampling_ratio)
        self.rate, self.longest = int(self.config["sample_rate"]), int(self.config["sample_size"]) // self.ratio
        self.seconds = float(block.get("defaults", {}).get("seconds", self.longest * self.ratio / self.rate))
        self.guidance = float(block.get("defaults", {}).get("cfg_scale", 3.0))
        self.steps = int(block.get("defaults", {}).get("steps", USUAL_STEPS))

    @torch.no_grad()
    def told(self, prompts: Sequence[str], seconds: Sequence[float]) -> Told:
        """Its conditioning of prompts and seconds, by stable-audio-tools' own way."""
        rows = [
            {**self.beside, "prompt": prompt, "seconds_start": 0, "seconds_total": length}
            for prompt, length in zip(prompts, seconds, strict=True)
        ]
        inputs = self.module.get_conditioning_inputs(self.module.conditioner(rows, self.device))
        return Told(inputs["cross_attn_cond"], inputs["global_cond"], inputs["prepend_cond"])

    @torch.no_grad()
    def both(self, x: Tensor, t: Tensor, told: Told) -> tuple[Tensor, Tensor]:
        """Its answers with the prompt and without it."""
        twice = told.map(lambda part: torch.cat([part, part]))
        without = torch.arange(2 * len(x), device=x.device) >= len(x)
        answers = ask(self.module, torch.cat([x, x]), torch.cat([t, t]), twice.without_prompt(without))
        given, empty = answers.chunk(2)
        return given, empty


def same_encoder(codec: Codec, teacher: Teacher) -> bool:
    """Whether an autoencoder makes the latents that the teacher knows."""
    theirs, own = teacher.module.pretransform.model.encoder.state_dict(), codec.stock.encoder.state_dict()
    return own.keys() == theirs.keys() and all(torch.equal(own[name].cpu(), theirs[name].cpu()) for name in own)


class Student(nn.Module):
    """The teacher's equal that hears more ``numbers``: name → from where to where.

    Trained are its diffusion network and what reads the numbers; the prompt's conditioner stays the teacher's.
    Where ``earlier`` is given, the folder of a student that hears the same, it begins with that one's weights.
    """

    def __init__(
        self, teacher: Teacher, numbers: Mapping[str, tuple[float, float]], earlier: Path | None = None
    ) -> None:
        super().__init__()
        self.config = teacher.config
        for name, (low, high) in numbers.items():
            self.config = widened(self.config, name, low, high)
        with silence_output():
            module = create_model_from_config(with_absolute_tokenizers(self.config, teacher.folder))
        if earlier is None:
            start_like(module, teacher.module)
        else:
            go_on_from(module, teacher.module, earlier, numbers)
        module.to(teacher.device).requires_grad_(False)
        # Not a child: its autoencoder belongs into no checkpoint of the training.
        self._whole: list[ConditionedDiffusionModelWrapper] = [module]
        self.network = module.model
        self.reads = nn.ModuleList(module.conditioner.conditioners[name] for name in numbers)
        self.requires_grad_(True)
        self.train()

    @property
    def module(self) -> ConditionedDiffusionModelWrapper:
        """The whole model."""
        return self._whole[0]

    @property
    def device(self) -> torch.device:
        """Where it is."""
        device: torch.device = next(self.network.parameters()).device
        return device

    def forward(self, x: Tensor, t: Tensor, told: Told, numbers: Tensor) -> Tensor:
        """Its answer; ``told`` is what the teacher was told, ``numbers`` (n, new) what it hears beside that."""
        each = zip(self.reads, numbers.T.tolist(), strict=True)
        embedded = [read(values, x.device)[0].squeeze(1) for read, values in each]
        return ask(self.module, x, t, told.and_numbers(embedded))


def widened(config: Mapping[str, Any], name: str, low: float, high: float) -> dict[str, Any]:
    """A configuration with one number more. Raises ValueError where there is one of that name, or no way for it."""
    whole = copy.deepcopy(dict(config))
    conditioning, diffusion = whole["model"]["conditioning"], whole["model"]["diffusion"]
    if any(entry["id"] == name for entry in conditioning["configs"]):
        raise ValueError(f"the teacher hears {name} already")
    if not diffusion["config"].get("project_global_cond", True):
        raise ValueError(
            "the teacher takes its numbers as they are (project_global_cond): there is no room for another"
        )
    number = {"id": name, "type": "number", "config": {"min_val": low, "max_val": high}}
    conditioning["configs"].append(number)
    diffusion["global_cond_ids"] = [*diffusion.get("global_cond_ids", ()), name]
    width = diffusion["config"].get("global_cond_dim", 0)
    diffusion["config"]["global_cond_dim"] = width + conditioning["cond_dim"]
    return whole


@torch.no_grad()
def start_like(student: nn.Module, teacher: nn.Module) -> None:
    """Give the student the teacher's weights, and zeros where it reads the new numbers."""
    own, given = student.state_dict(), teacher.state_dict()
    if FIRST in given:
        wide = torch.zeros_like(own[FIRST])
        wide[:, : given[FIRST].shape[1]] = given[FIRST]
        given[FIRST] = wide
    else:
        own[LAST].zero_()
    student.load_state_dict({**own, **given})


@torch.no_grad()
def go_on_from(student: nn.Module, teacher: nn.Module, earlier: Path, numbers: Iterable[str]) -> None:
    """Give the student the network of an ``earlier`` one and what reads its ``numbers``, all else of the teacher.

    Raises ValueError where that model has other parts, or other sizes.
    """
    own, taught, given = student.state_dict(), teacher.state_dict(), weights_like(student, earlier)
    learned = ("model.", *(f"conditioner.conditioners.{name}." for name in numbers))
    student.load_state_dict({name: given[name] if name.startswith(learned) else taught[name] for name in own})


@torch.no_grad()
def go_back(student: nn.Module, earlier: Path, share: float) -> None:
    """Move the weights by ``share`` of the way to those of an ``earlier`` student (arXiv:2109.01903).

    The autoencoder stays. Raises ValueError where the earlier model has other parts, or other sizes.
    """
    own, given = student.state_dict(), weights_like(student, earlier)
    for name, value in own.items():
        if value.is_floating_point() and not name.startswith("pretransform."):
            value.lerp_(given[name].to(value), share)


def weights_like(student: nn.Module, earlier: Path) -> dict[str, Tensor]:
    """The weights of an ``earlier`` student. Raises ValueError where it has other parts, or other sizes."""
    own: dict[str, Tensor] = student.state_dict()
    given: dict[str, Tensor] = load_ckpt_state_dict(str(earlier / WEIGHTS))
    shapes, others = ({name: value.shape for name, value in state.items()} for state in (own, given))
    if shapes != others:
        raise ValueError(f"{earlier} is no student of such a teacher: its weights are others in number or in size")
    return given


def export(student: Student, teacher: Teacher, folder: Path) -> None:
    """Write the student as a model folder in fp16, with the tokenizers that lie beside the teacher."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in student.config["model"]["conditioning"]["configs"]:
        beside = str(entry["config"].get("tokenizer_name", ""))
        if beside and (teacher.folder / beside).is_dir():
            shutil.copytree(teacher.folder / beside, folder / beside, dirs_exist_ok=True)
    config = copy.deepcopy(student.config)
    config.setdefault("midifrag", {}).setdefault("defaults", {})["steps"] = USUAL_STEPS
    (folder / CONFIG).write_text(json.dumps(config, indent=2))
    state = student.module.state_dict()
    partial = folder / f"{WEIGHTS}.partial"
    save_file(
        {name: value.half().contiguous() if value.is_floating_point() else value for name, value in state.items()},
        str(partial),
    )
    partial.replace(folder / WEIGHTS)
