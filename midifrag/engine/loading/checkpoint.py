"""Fitting checkpoints to a model without leaving anything of it out.

stable-audio-tools' own ``copy_state_dict`` skips every tensor that does not fit, so that a wrong file becomes a model
that plays noise. Here a file fills the model, or it is refused with the reason. What it has beside the model is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import torch
from torch import Tensor, nn

from midifrag.engine.loading.layouts import ENCODER, Layout, find_layout
from midifrag.engine.loading.misfits import Misfit, is_of_a_text_encoder, listed, lora_trouble, shape, why
from midifrag.engine.loading.stored import Stored, read_stored
from midifrag.errors import CheckpointError, UnfitCheckpointError

#: What numbers are called that weights are stored in.
_FORMATS = {
    torch.float16: "fp16",
    torch.bfloat16: "bf16",
    torch.float64: "fp64",
    torch.float8_e4m3fn: "fp8",
    torch.float8_e5m2: "fp8",
    torch.float8_e4m3fnuz: "fp8",
    torch.float8_e5m2fnuz: "fp8",
}
#: What a weight in fp8 is to be multiplied by, in place of the ``weight`` at the end of its name.
_SCALES = ("scale_weight", "weight_scale", "weight_scale_inv")
#: What goes with such weights beside that.
_SCALE_ENDS = (*_SCALES, "scale_input", "input_scale", "scaled_fp8")
#: So many weights may be wrong because a file was damaged.
_FEW = 8
#: The least part of a model's weights whose format is told.
_TOLD_SHARE = 0.01


def fit(module: nn.Module, file: Path, pretransform: Path | None = None) -> tuple[str, ...]:
    """Fill ``module`` from a checkpoint, and its autoencoder from the file ``pretransform`` where that is given.

    Returns what is worth telling of it. Raises `CheckpointError` and leaves ``module`` as it was. Only constants that
    are computed at construction may be absent (rotary frequencies and the zero bias of bias-less layer norms, which
    some releases save and others do not), and the autoencoder's encoder, which becomes zeros. A frozen T5 encoder is
    not in a module's state at all.
    """
    expected = module.state_dict()
    constants = frozenset(name for name, _ in module.named_buffers() if name.endswith((".inv_freq", ".beta")))
    audio = frozenset(name for name in expected if name.startswith("pretransform."))
    if pretransform is None:
        values, notes = _taken(file, expected, constants, expected.keys())
    else:
        values, notes = _taken(file, expected, constants, expected.keys() - audio)
        of_audio, more = _taken(pretransform, expected, constants, audio)
        values |= of_audio
        notes += [f"{pretransform.name}: {note}" for note in more]
    encoder = {name: torch.zeros_like(expected[name]) for name in expected if name.startswith(ENCODER)}
    module.load_state_dict({**encoder, **values}, strict=False)
    return tuple(notes)


def weights_of(module: nn.Module, file: Path, names: Sequence[str]) -> dict[str, Tensor]:
    """The weights of these ``names`` as a checkpoint has them that fills ``module``. Raises `CheckpointError`."""
    expected = module.state_dict()
    constants = frozenset(name for name, _ in module.named_buffers() if name.endswith((".inv_freq", ".beta")))
    return _taken(file, expected, constants, set(names))[0]


def _taken(
    file: Path, expected: Mapping[str, Tensor], constants: frozenset[str], wanted: Set[str]
) -> tuple[dict[str, Tensor], list[str]]:
    """The values that a file has for the ``wanted`` of the ``expected`` names, and what is to be told of it."""
    stored = read_stored(file)
    if not stored.tensors:
        raise CheckpointError(f"{file} holds no model weights: there are no tensors in it. Name the checkpoint.")
    layout = find_layout(stored.tensors, expected, constants)
    there = {name: stored.tensors[given] for name, given in layout.names.items()}
    trouble = lora_trouble(stored, has_model=len(there.keys() - constants) * 2 > len(expected))
    if trouble is not None:
        raise UnfitCheckpointError(f"{file} {trouble}")
    spared = {name for name in wanted if name.startswith(ENCODER)}
    absent = [name for name in expected if name in wanted - spared - constants and name not in there]
    found = {name: one for name, one in there.items() if name in wanted}
    reshaped = [name for name, one in found.items() if not _fits(one, expected[name], name in layout.bare)]
    missed = [name for name in reshaped if name not in spared]
    if absent or missed:
        misfit = Misfit(stored, expected, there, absent, missed, _foreign(layout))
        raise _refused(len(absent) + len(missed), f"{file} {why(misfit)}")
    for name in reshaped:
        del found[name]
    _refuse_integers(found, expected, file)
    values = {name: _value(name, one, layout.names[name], stored, layout) for name, one in found.items()}
    scaled = next((name for name, one in values.items() if one.shape != expected[name].shape), None)
    if scaled is not None:
        raise CheckpointError(
            f"{file} holds weights in fp8 whose scales do not go with them, such as {layout.names[scaled]}. "
            "Use the checkpoint that it was made from."
        )
    _refuse_non_finite(values, layout.names, file)
    notes = _notes(stored, layout, found)
    if spared - found.keys():
        notes.append("no encoder in its autoencoder: it cannot begin from a sound")
    return values, notes


def _refused(count: int, told: str) -> CheckpointError:
    """The error for so many weights that are not as they should be: a disk's slip spoils few of them."""
    return UnfitCheckpointError(told) if count > _FEW else CheckpointError(told)


def _fits(tensor: Tensor, wanted: Tensor, is_bare: bool) -> bool:
    return tensor.shape == wanted.shape or (is_bare and tensor.shape[:1] == wanted.shape[:1] and wanted[0].numel() == 1)


def _value(name: str, tensor: Tensor, given: str, stored: Stored, layout: Layout) -> Tensor:
    """A weight as the model has it."""
    if _FORMATS.get(tensor.dtype) == "fp8":
        tensor = tensor.float()
        before = given.removesuffix("weight")
        scale = next((stored.tensors[before + end] for end in _SCALES if before + end in stored.tensors), None)
        if scale is not None:
            return _scaled(tensor, scale.float())
    if name in layout.bare and not name.endswith(("weight_v", "original1")):
        # ``weight = g · v / |v|``: of the weight itself, g is the length.
        return torch.norm_except_dim(tensor.float(), 2, 0)
    return tensor


def _scaled(tensor: Tensor, scale: Tensor) -> Tensor:
    """A weight times its scale, which is one for all of it or one a row; an empty one for any other."""
    if scale.numel() == 1:
        return tensor * scale.view(())
    if scale.numel() == len(tensor) and scale.shape[0] == len(tensor):
        return tensor * scale.view(-1, *[1] * (tensor.dim() - 1))
    return tensor.new_empty(0)


def _refuse_integers(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], file: Path) -> None:
    whole = [name for name, one in found.items() if expected[name].is_floating_point() and not one.is_floating_point()]
    if whole:
        raise _refused(
            len(whole),
            f"{file} holds weights in whole numbers ({len(whole)} of them, such as {whole[0]}), as quantisers make "
            "them. midifrag plays fp32, fp16, bf16 and fp8: use the checkpoint that it was made from.",
        )


def _refuse_non_finite(values: Mapping[str, Tensor], names: Mapping[str, str], file: Path) -> None:
    wrong = [name for name, value in values.items() if not _is_finite(value)]
    if not wrong:
        return
    first = values[wrong[0]]
    nans, count = int(torch.isnan(first).sum()), first.numel()
    infinite = int(torch.isinf(first).sum())
    what = " and ".join(f"{number} are {word}" for number, word in ((nans, "NaN"), (infinite, "infinite")) if number)
    named = listed([names[name] for name in wrong])
    raise _refused(
        len(wrong),
        f"{file} holds weights that are no numbers, in {len(wrong)} of {len(values)} tensors: {named}. Of the first "
        f"one's {count}, {what}. Its training went wrong, or it was saved in too narrow a format: use an earlier "
        "checkpoint, or one in fp32.",
    )


def _is_finite(value: Tensor) -> bool:
    if not value.is_floating_point() or not value.numel():
        return True
    # One pass, and no mask as large as the weight; NaN and infinity both come through.
    low, high = torch.aminmax(value)
    return bool(torch.isfinite(low) & torch.isfinite(high))


def _foreign(layout: Layout) -> list[str]:
    return [name for name in layout.unused if not name.endswith(_SCALE_ENDS)]


def _notes(stored: Stored, layout: Layout, found: Mapping[str, Tensor]) -> list[str]:
    notes = [stored.note] if stored.note else []
    sizes = Counter[str]()
    for tensor in found.values():
        sizes[_FORMATS.get(tensor.dtype, "fp32")] += tensor.numel()
    formats = [name for name, size in sizes.most_common() if name != "fp32" and size > _TOLD_SHARE * sizes.total()]
    if formats:
        notes.append(f"weights stored in {' and '.join(formats)}")
    if layout.averaged:
        notes.append("averaged weights (EMA)")
    if layout.bare:
        notes.append("weight norm worked out")
    foreign = _foreign(layout)
    text = [name for name in foreign if is_of_a_text_encoder(name)]
    if text:
        notes.append("its own copy of the text encoder is not used, but the one in the hub's cache")
    others = [name for name in foreign if name not in set(text)]
    if others:
        told = [f"{name} {shape(stored.tensors[name])}" for name in others]
        notes.append(f"{len(others)} weights that the model does not have are left out: {listed(told)}")
    return notes
