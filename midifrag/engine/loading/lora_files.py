"""Reading a LoRA's file for a model: all of it fits, or it is refused with what does not.

Names and shapes are compared with the model's before anything of a file is read that its header does not say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias, cast

import torch
from torch import Tensor, nn

from midifrag.engine.loading.adapters import Adapter, AdapterKind, Adapters, svd_bases
from midifrag.engine.loading.checksum import checksum
from midifrag.engine.loading.file_kinds import FileKind, kind_of
from midifrag.engine.loading.lora_check import as_lora
from midifrag.engine.loading.lora_formats import Reading, Role, read_names
from midifrag.engine.loading.misfits import listed
from midifrag.engine.loading.stored import read_stored
from midifrag.errors import CheckpointError, LoraError

#: Numbers that LoRAs are stored in.
_NUMBERS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_NUMBER_NAMES = ("F16", "BF16", "F32", "F64")
_OTHER = "Use one that was made for this model."


@dataclass(frozen=True, slots=True, eq=False)
class LoraFile:
    """What of a LoRA's file plays: ``adapters`` by layer, in fp32 on the CPU, and the file's ``checksum``.

    ``kind`` is as stable-audio-tools names it, ``note`` what a performer should know of how it was read.
    """

    file: Path
    checksum: str
    format: str
    kind: str
    adapters: Adapters
    note: str = ""

    @property
    def is_added(self) -> bool:
        """Whether all of it is added to weights, and does nothing else with them."""
        return all(adapter.is_added for adapter in self.adapters.values())


@dataclass(slots=True)
class _Tensors:
    """A file's tensors: what is known of each before it is read, and how it is."""

    shapes: dict[str, tuple[int, ...]]
    odd: list[str]
    take: Callable[[str], Tensor]
    metadata: Mapping[str, str] = field(default_factory=dict)


def read_lora(file: Path, layers: Mapping[str, nn.Module], original: Callable[[str], Tensor] | None = None) -> LoraFile:
    """A LoRA for a model with these ``layers``. Raises `LoraError` with the file and what is wrong with it.

    ``original`` says a layer's weights as they were when the model was trained on, in fp32, where those of ``layers``
    have been rounded since; the kinds ``-xs`` are written in them.
    """
    with _opened(file) as tensors:
        reading = read_names(tensors.shapes, tensors.metadata, layers, file)
        _refuse(file, reading, tensors, layers)
        taken = original or (lambda name: _weight(layers[name]).float())
        adapters = {name: _adapter(file, reading, tensors, name, taken) for name in reading.layers}
        try:
            return LoraFile(file, checksum(file), reading.format, reading.kind, adapters, reading.note)
        except OSError as error:
            raise LoraError(f"{file} cannot be read to its end: {error.strerror or error}. Copy it again.") from error


@contextmanager
def _opened(file: Path) -> Iterator[_Tensors]:
    try:
        if kind_of(file, may_be_lora=True) is FileKind.SAFETENSORS:
            with _safetensors(file) as tensors:
                yield tensors
            return
        stored = read_stored(file)
    except LoraError:
        raise
    except CheckpointError as error:
        raise LoraError(as_lora(error)) from error
    names = {name.removeprefix("state_dict."): name for name in stored.tensors}
    yield _Tensors(
        {name: tuple(stored.tensors[given].shape) for name, given in names.items()},
        [name for name, given in names.items() if stored.tensors[given].dtype not in _NUMBERS],
        lambda name: stored.tensors[names[name]],
    )


@contextmanager
def _safetensors(file: Path) -> Iterator[_Tensors]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="pt") as stream:
            slices = {name: stream.get_slice(name) for name in stream.keys()}  # noqa: SIM118 — it is no mapping
            yield _Tensors(
                {name: tuple(each.get_shape()) for name, each in slices.items()},
                [name for name, each in slices.items() if each.get_dtype() not in _NUMBER_NAMES],
                stream.get_tensor,
                stream.metadata() or {},
            )
    except (SafetensorError, OSError) as error:
        raise LoraError(f"{file} is damaged, and cannot be read to its end. Copy or download it again.") from error


def _refuse(file: Path, reading: Reading, tensors: _Tensors, layers: Mapping[str, nn.Module]) -> None:
    """Raise `LoraError` for what cannot be played in a model with these layers."""
    if reading.trouble:
        raise LoraError(f"{file} {reading.trouble}. {_OTHER}")
    if reading.format == "stable-audio-tools" and not tensors.metadata.get("lora_config") and file.suffix == ".ckpt":
        raise LoraError(
            f"{file} is a checkpoint of a LoRA's training, whose scale is not read. Save it as .safetensors, with "
            "stable-audio-tools' convert_lora_ckpt_to_safetensors."
        )
    if not reading.layers:
        names = listed(list(tensors.shapes))
        raise LoraError(
            f"{file} does not fit the model: it has none of the layers that it is about ({names}). {_OTHER}"
        )
    if reading.foreign:
        raise LoraError(
            f"{file} does not fit the model: {len(reading.foreign)} of its {len(tensors.shapes)} tensors are of no "
            f"layer that the model has, or of none that is certain: {listed(reading.foreign)}. {_OTHER}"
        )
    if tensors.odd:
        raise LoraError(
            f"{file} is not in fp16, bf16 or fp32, but in numbers that midifrag does not play: {listed(tensors.odd)}."
        )
    wrong = [told for name in reading.layers for told in _misfits(reading, tensors, name, _weight(layers[name]))]
    if wrong:
        more = f"; and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise LoraError(f"{file} does not fit the model: {'; '.join(wrong[:3])}{more}. {_OTHER}")


def _weight(layer: nn.Module) -> Tensor:
    return cast(Tensor, layer.weight).detach()


def _misfits(reading: Reading, tensors: _Tensors, name: str, weight: Tensor) -> Iterator[str]:
    """What of a layer is missing or has another shape than it should."""
    roles = reading.layers[name]
    outputs, inputs = weight.shape[0], weight[0].numel()
    sizes = {role: tensors.shapes[given] for role, given in roles.items()}
    for role in _needed(reading):
        if role not in roles:
            yield f"{name} lacks its {_WORDS[role]}"
            return
    rank = _rank(sizes)
    if not 0 < rank <= max(outputs, inputs):
        yield f"{name} has rank {rank}"
        return
    if reading.rank not in (None, rank):
        yield f"{name} has rank {rank}, and its file says {reading.rank}"
    wanted: dict[Role, tuple[int, ...]] = {
        "up": (outputs, rank),
        "down": (rank, inputs),
        "core": (rank, rank),
        "left": (outputs, rank),
        "right": (inputs, rank),
        "rows": (outputs,),
        "columns": (inputs,),
        "alpha": (),
        "lengths": (outputs if _lengths_are_rows(reading, tensors) else inputs,),
    }
    for role, size in sizes.items():
        plain = _squeezed(size, len(wanted[role]))
        if plain != wanted[role]:
            yield f"{name} is {_times(wanted[role])} in the model, and {_times(size)} in the file ({_WORDS[role]})"


_WORDS: Mapping[Role, str] = {
    "up": "up",
    "down": "down",
    "alpha": "alpha",
    "core": "M_xs",
    "left": "U",
    "right": "V",
    "lengths": "magnitude",
    "rows": "magnitude of rows",
    "columns": "magnitude of columns",
}


def _times(size: tuple[int, ...]) -> str:
    return " × ".join(map(str, size)) or "one number"


def _needed(reading: Reading) -> tuple[Role, ...]:
    product: tuple[Role, ...] = ("core",) if reading.kind.endswith("-xs") else ("down", "up")
    kind = reading.kind.removesuffix("-xs")
    if kind == "lora":
        return product
    if kind == "bora":
        return (*product, "rows", "columns")
    return (*product, "rows" if reading.format == "peft" else "lengths")


def _rank(sizes: Mapping[Role, tuple[int, ...]]) -> int:
    size = sizes.get("down") or sizes.get("core") or ()
    return size[0] if size else 0


def _squeezed(size: tuple[int, ...], wanted: int) -> tuple[int, ...]:
    """A shape without what convolutions of one sample, and lengths of older files, have beside it."""
    if len(size) <= wanted:
        return size
    if wanted == 2:
        return (size[0], _product(size[1:]))
    return tuple(each for each in size if each != 1) if wanted == 1 else () if _product(size) == 1 else size


def _product(size: tuple[int, ...]) -> int:
    count = 1
    for each in size:
        count *= each
    return count


def _lengths_are_rows(reading: Reading, tensors: _Tensors) -> bool:
    """Whether lengths are of rows; of files that do not say it, those of columns are (1, inputs)."""
    kind = reading.kind.removesuffix("-xs")
    if kind != "dora":
        return kind != "dora-cols"
    shapes = [tensors.shapes[roles["lengths"]] for roles in reading.layers.values() if "lengths" in roles]
    return not any(len(shape) == 2 and shape[0] == 1 for shape in shapes)


def _adapter(file: Path, reading: Reading, tensors: _Tensors, name: str, original: Callable[[str], Tensor]) -> Adapter:
    roles = reading.layers[name]
    values = {role: _finite(file, tensors, given) for role, given in roles.items()}
    if "core" in values:
        core = values["core"]
        rank = len(core)
        if "left" in values and "right" in values:
            left, right = values["left"], values["right"].t()
        else:
            left, right = (each.cpu() for each in svd_bases(original(name), rank))
        up, down = left @ core, right
    else:
        up, down = values["up"].flatten(1), values["down"].flatten(1)
        rank = len(down)
    alpha = float(values["alpha"].flatten()[0]) if "alpha" in values else reading.alpha
    # kohya's files say 0 where nothing was said.
    scale = 1.0 if not alpha and reading.format != "stable-audio-tools" else _scale(reading, alpha, rank)
    kind = reading.kind.removesuffix("-xs")
    rows, columns = values.get("rows"), values.get("columns")
    if "lengths" in values:
        are_rows = _lengths_are_rows(reading, tensors)
        kind = "dora-rows" if are_rows else "dora-cols"
        rows, columns = (values["lengths"], None) if are_rows else (None, values["lengths"])
    lengths = (None if each is None else each.flatten() for each in (rows, columns))
    return Adapter(cast(AdapterKind, kind), (up * scale).contiguous(), down.contiguous(), *lengths)


def _scale(reading: Reading, alpha: float | None, rank: int) -> float:
    if alpha is None:
        return 1.0
    return alpha / rank**0.5 if reading.by_root else alpha / rank


def _finite(file: Path, tensors: _Tensors, name: str) -> Tensor:
    # A copy: what is read from a file may be the file itself, as it is now and only as long as it is there.
    value = tensors.take(name).to(torch.float32, copy=True)
    if not torch.isfinite(value).all():
        raise LoraError(
            f"{file} holds what is no number (NaN or infinity), in {name}. Its training went wrong; use an earlier one."
        )
    return value


class PlayedLora(NamedTuple):
    """A LoRA as a request wants it."""

    name: str
    file: LoraFile
    strength: float


#: LoRAs in the order in which they change weights, one after the other.
PlayedLoras: TypeAlias = tuple[PlayedLora, ...]
