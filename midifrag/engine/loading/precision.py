"""Which device and which number format a model runs in, and putting it there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any, NamedTuple, cast, get_args

import torch
from torch import nn

from midifrag.engine.loading.cards import (
    FP8_CAPABILITY,
    FP8_NEEDS,
    Card,
    Trouble,
    card_of_torch,
    find_cards,
    torch_build,
    trouble_with,
)
from midifrag.engine.loading.model import Precision
from midifrag.errors import ModelError

#: What is stored and computed in; with fp8, that is linear layers alone.
DTYPES: dict[Precision, torch.dtype] = {
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
    "fp8": torch.float16,
}

#: Sub-modules of a DiT that stay in fp32 whatever the rest is in: in bf16 the timestep features are off by 1e-2 rms.
KEPT_IN_FP32 = ("timestep_features", "to_timestep_embed")

#: Where oneDNN reads which instructions it may use, and the answers that leave bf16 out.
_CPU_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
_WITHOUT_BF16 = frozenset({"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"})


class ChosenDevice(NamedTuple):
    """A device, and why it is not the card that a performer would expect."""

    device: torch.device
    remark: str = ""


def resolve_device(name: str) -> ChosenDevice:
    """``auto`` is the first CUDA card that this PyTorch runs on, else MPS, else the CPU; other names are torch's.

    Raises `ModelError`.
    """
    if name == "auto":
        return _best_device()
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(f"There is no device {name!r}. Use auto, cpu, cuda, cuda:1 … or mps.") from error
    if device.type not in ("cpu", "cuda", "mps"):
        raise ModelError(f"midifrag does not run on the device {name!r}. Use auto, cpu, cuda, cuda:1 … or mps.")
    if device.type == "cuda":
        _refuse_unusable(name, device.index or 0)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ModelError("The device 'mps' was asked for, but this machine or torch build has none. Use device: auto.")
    return ChosenDevice(device)


def is_card(name: str) -> bool:
    """Whether the device of a name, as in `resolve_device`, is one beside the CPU that is there and can be used."""
    if not (torch.cuda.is_available() or torch.backends.mps.is_available()):
        return False
    try:
        return resolve_device(name).device.type != "cpu"
    except ModelError:
        return False


def _best_device() -> ChosenDevice:
    cards = _cards_of_torch() if torch.cuda.is_available() else find_cards()
    troubles = [_trouble(card) for card in cards]
    if torch.cuda.is_available() and None in troubles:
        index = troubles.index(None)
        return ChosenDevice(torch.device("cuda", index) if index else torch.device("cuda"))
    remark = f"{troubles[0].what}; `midifrag doctor` says what mends it" if troubles and troubles[0] else ""
    return ChosenDevice(torch.device("mps" if torch.backends.mps.is_available() else "cpu"), remark)


def _refuse_unusable(name: str, index: int) -> None:
    seen = torch.cuda.device_count()
    cards = _cards_of_torch() if index < seen else find_cards()
    trouble = _trouble(cards[index]) if index < len(cards) else None
    if trouble is not None:
        raise ModelError(f"The device {name!r} was asked for. {trouble} With device: auto, midifrag plays without it.")
    if index >= seen:
        raise ModelError(
            f"The device {name!r} was asked for, but torch sees {seen} CUDA devices. "
            "Check the graphics driver with nvidia-smi, or use device: auto."
        )


def _cards_of_torch() -> tuple[Card, ...]:
    return tuple(card_of_torch(index) for index in range(torch.cuda.device_count()))


def _trouble(card: Card) -> Trouble | None:
    return trouble_with(card, torch_build())


def cpu_multiplies_bf16() -> bool:
    """Whether this CPU has bf16 instructions; without them torch emulates bf16 and is slower than fp32.

    On a Xeon with AMX, two cores, torch 2.11: linear layers of 512–1536 channels run 4–6 times faster in bf16 than in
    fp32, attention 2–6 times, convolutions 2–2.5 times. What oneDNN is told not to use (``ONEDNN_MAX_CPU_ISA``) is not
    there: bf16 takes four times as long as fp32 then.
    """
    allowed = next((os.environ[name] for name in _CPU_LIMITS if os.environ.get(name)), "")
    if allowed.upper() in _WITHOUT_BF16:
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def resolve_precision(name: str, device: torch.device) -> Precision:
    """``auto`` is fp16 on CUDA, bf16 on a CPU that multiplies in it, and fp32 elsewhere. Raises `ModelError`."""
    if name == "fp8":
        _refuse_fp8(device)
    if name in get_args(Precision):
        return cast(Precision, name)
    if name != "auto":
        raise ModelError(f"There is no precision {name!r}. Use auto, fp16, bf16, fp32, or fp8 on a card that has it.")
    if device.type == "cuda":
        return "fp16"
    return "bf16" if device.type == "cpu" and cpu_multiplies_bf16() else "fp32"


def _refuse_fp8(device: torch.device) -> None:
    """Raises `ModelError` where fp8 is not to be had."""
    found = str(device)
    if device.type == "cuda":
        capability = torch.cuda.get_device_capability(device)
        if capability >= FP8_CAPABILITY and hasattr(torch, "_scaled_mm"):
            return
        found = f"{torch.cuda.get_device_name(device)}, compute capability {capability[0]}.{capability[1]}"
    raise ModelError(f"precision: {FP8_NEEDS}, and this is {found}. Use precision: auto.")


def next_precision(precision: Precision, device: torch.device) -> Precision | None:
    """What to render again in after NaN or infinity; None after fp32.

    bf16 reaches as far as fp32, and its copy of a model is half as large; cards from Ampere on multiply in it.
    """
    if precision == "fp32":
        return None
    if precision == "fp8":
        return "fp16"
    if precision == "fp16" and device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0):
        return "bf16"
    return "fp32"


def move_model(module: Any, device: torch.device, precision: Precision) -> None:
    """Move a ``ConditionedDiffusionModelWrapper`` to ``device`` and into ``precision``, in place.

    The DiT's blocks and the decoder take ``precision``. These stay in fp32: the timestep features and their embedding
    (`KEPT_IN_FP32`), the rotary frequencies (positions times half-precision frequencies drift apart), and the
    conditioner, which runs once per prompt. A T5 encoder, which stable-audio-tools builds in fp16, becomes fp32 on
    every device but CUDA. What makes latents of a sound stays in fp32 on the host, where a card takes a copy of it with
    the first one. In half precision the module is therefore not one that stock generation can run.
    """
    dtype = DTYPES[precision]
    dit = module.model.model
    for name, part in dit.named_children():
        if name not in KEPT_IN_FP32:
            in_format(part, dtype)
    with _without_encoder(module):
        if module.pretransform is not None:
            # Its own switch would cast the decoder to fp16 again at every call.
            module.pretransform.model_half = False
            in_format(module.pretransform, dtype)
        module.to(device)
    for encoder in frozen_text_encoders(module.conditioner):
        encoder.to(device=device, dtype=torch.float16 if device.type == "cuda" else torch.float32)


@contextlib.contextmanager
def _without_encoder(module: Any) -> Iterator[None]:
    """The module meanwhile without what makes latents of a sound, where it has that."""
    autoencoder = getattr(module.pretransform, "model", None)
    encoder = getattr(autoencoder, "encoder", None)
    if autoencoder is None or encoder is None:
        yield
        return
    autoencoder.encoder = None
    try:
        yield
    finally:
        autoencoder.encoder = encoder


def in_format(module: nn.Module, dtype: torch.dtype) -> nn.Module:
    """The module in ``dtype``, in place, but for its rotary frequencies, which stay as they are."""
    kept = {name: buffer for name, buffer in module.named_buffers() if name.endswith("inv_freq")}
    module.to(dtype)
    for name, buffer in kept.items():
        owner, _, attribute = name.rpartition(".")
        module.get_submodule(owner).register_buffer(attribute, buffer)
    return module


def frozen_text_encoders(conditioner: nn.Module) -> list[nn.Module]:
    """Frozen text encoders, which stable-audio-tools keeps out of the module tree."""
    hidden = (part.__dict__.get("model") for part in conditioner.modules())
    return [encoder for encoder in hidden if isinstance(encoder, nn.Module)]
