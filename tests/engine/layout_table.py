"""The layouts of people's checkpoints, each with its outcome: it loads, with a note or without, or is refused."""

from __future__ import annotations

import functools
import json
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors.torch import save_file
from torch import Tensor

State: TypeAlias = Mapping[str, Tensor]
#: Writes a file with a model's weights.
Make: TypeAlias = Callable[[State, Path], None]

VAE, DIT, CONDITIONER = "pretransform.", "model.", "conditioner."


@dataclass(frozen=True)
class Row:
    """``notes`` are parts of what is told of a file that loads, ``refusal`` parts of what is said of one that does not.

    A file that loads does so bit by bit, unless its weights are ``rounded``.
    """

    name: str
    make: Make
    notes: tuple[str, ...] = ()
    refusal: tuple[str, ...] = ()
    rounded: bool = False

    @property
    def loads(self) -> bool:
        return not self.refusal


def stored(content: Callable[[State], Any]) -> Make:
    return lambda state, file: torch.save(content(state), file)


def tensors(content: Callable[[State], State], **metadata: str) -> Make:
    return lambda state, file: save_file({k: v.clone() for k, v in content(state).items()}, str(file), metadata)


def raw(content: bytes) -> Make:
    return lambda _state, file: file.write_bytes(content)


def plus(before: str, state: State) -> dict[str, Tensor]:
    return {before + name: value for name, value in state.items()}


def only(part: str, state: State, *, without: str = "") -> dict[str, Tensor]:
    return {name.removeprefix(without): value for name, value in state.items() if name.startswith(part)}


def but(part: str, state: State) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if not name.startswith(part)}


def worse(state: State) -> dict[str, Tensor]:
    """The weights as they were before they were averaged."""
    return {name: value + 1 if value.is_floating_point() else value for name, value in state.items()}


def cast(state: State, dtype: torch.dtype) -> dict[str, Tensor]:
    return {name: value.to(dtype) for name, value in state.items()}


def trained(state: State, **more: Any) -> dict[str, Any]:
    beside = {"epoch": 3, "global_step": 7, "pytorch-lightning_version": "2.1.0", "optimizer_states": [], "loops": {}}
    return {**beside, "state_dict": plus("diffusion.", state), **more}


def with_ema(state: State) -> dict[str, Any]:
    both = {**plus("diffusion.", {**state, **worse(only(DIT, state))})}
    both |= {f"diffusion_ema.ema_{name}": value for name, value in only(DIT, state).items()}
    return {"state_dict": both | {"diffusion_ema.initted": torch.tensor(True), "diffusion_ema.step": torch.tensor(7)}}


def ema_only(state: State) -> dict[str, Tensor]:
    averaged = {f"diffusion_ema.ema_{name}": value for name, value in only(DIT, state).items()}
    return {**plus("diffusion.", but(DIT, state)), **averaged}


def weight_norm(state: State) -> dict[str, Tensor]:
    names = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
    return {
        ".".join([*name.split(".")[:-1], names.get(name.split(".")[-1], name.split(".")[-1])]): value
        for name, value in state.items()
    }


def worked_out(state: State) -> dict[str, Tensor]:
    plain = {name: value for name, value in state.items() if not name.endswith(("weight_g", "weight_v"))}
    for name, g in state.items():
        if name.endswith("weight_g"):
            v = state[name.removesuffix("_g") + "_v"]
            plain[name.removesuffix("_g")] = v * (g / torch.norm_except_dim(v, 2, 0))
    return plain


def scaled_fp8(state: State) -> dict[str, Tensor]:
    small: dict[str, Tensor] = {"scaled_fp8": torch.zeros(2).to(torch.float8_e4m3fn)}
    for name, value in state.items():
        if name.endswith(".weight") and value.dim() == 2:
            scale = value.abs().max() / 400
            small[name] = (value / scale).to(torch.float8_e4m3fn)
            small[name.removesuffix("weight") + "scale_weight"] = scale
        else:
            small[name] = value
    return small


def rows_fp8(state: State) -> dict[str, Tensor]:
    small = scaled_fp8(state)
    for name in [name for name in small if name.endswith(".scale_weight")]:
        del small[name]
        weight = state[name.removesuffix("scale_weight") + "weight"]
        scale = weight.abs().amax(1) / 400
        small[name.removesuffix("scale_weight") + "weight"] = (weight / scale[:, None]).to(torch.float8_e4m3fn)
        small[name.removesuffix("scale_weight") + "weight_scale"] = scale
    return small


def blocks_fp8(state: State) -> dict[str, Tensor]:
    small = scaled_fp8(state)
    return {name: torch.ones(2, 2) if name.endswith("scale_weight") else value for name, value in small.items()}


def t5(before: str) -> dict[str, Tensor]:
    names = ("shared.weight", "encoder.block.0.layer.0.SelfAttention.q.weight", "encoder.final_layer_norm.weight")
    return {before + name: torch.ones(2, 2) for name in names}


def lora(state: State) -> dict[str, Tensor]:
    first = next(name for name in state if name.endswith("to_qkv.weight")).removesuffix(".weight")
    return {f"{first}.lora_A.weight": torch.ones(4, 64), f"{first}.lora_B.weight": torch.ones(192, 4)}


def peft(state: State) -> dict[str, Tensor]:
    moved = {name.replace("to_qkv.weight", "to_qkv.base_layer.weight"): value for name, value in state.items()}
    return plus("base_model.model.", {**moved, **lora(state)})


def holed(state: State, value: float) -> dict[str, Tensor]:
    broken = {name: one.clone() for name, one in state.items()}
    broken["model.model.preprocess_conv.weight"].view(-1)[3] = value
    return broken


def other_sizes(state: State) -> dict[str, Tensor]:
    return {name: torch.cat([value, value]) if name.startswith(DIT) else value for name, value in state.items()}


class Strange:
    """What nobody knows."""


def zipped(name: str) -> Make:
    def make(_state: State, file: Path) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(name, b"x" * 600)

    return make


def cut(make: Make, share: float) -> Make:
    def write(state: State, file: Path) -> None:
        make(state, file)
        content = file.read_bytes()
        file.write_bytes(content[: int(len(content) * share)])

    return write


def spoilt(state: State, file: Path) -> None:
    """A torch file whose list of contents is right, and whose pickle is not."""
    torch.save({"state_dict": dict(state)}, file)
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, value in content.items():
            archive.writestr(name, value[: len(value) // 2] if name.endswith("data.pkl") else value)


def script(_state: State, file: Path) -> None:
    """As TorchScript lays its archives out; what makes them is on its way out of torch."""
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("model/data.pkl", "model/constants.pkl", "model/code/__torch__.py", "model/version"):
            archive.writestr(name, b"x")


PLAIN = stored(lambda state: {"state_dict": dict(state)})
SAFE = tensors(lambda state: state)
INDEX = json.dumps({"metadata": {}, "weight_map": {"model.a": "model-00001-of-00002.safetensors"}}).encode()
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4853910312\n"

LOADING = (
    Row("safetensors", SAFE),
    Row("under state_dict", PLAIN),
    Row("bare", stored(dict)),
    Row("bare, ordered", stored(OrderedDict)),
    Row("the old way, without a zip", lambda s, f: torch.save(dict(s), f, _use_new_zipfile_serialization=False)),
    Row(
        "pickled in protocol 3",
        lambda s, f: torch.save(dict(s), f, pickle_protocol=3),
        notes=("is pickled in protocol 3", "safetensors.torch.save_file"),
    ),
    Row(
        "parameters", stored(lambda s: {k: torch.nn.Parameter(v) if v.is_floating_point() else v for k, v in s.items()})
    ),
    Row("training", stored(trained)),
    Row("training with averages", stored(with_ema), notes=("averaged weights (EMA)",)),
    Row("averages only", stored(lambda s: {"state_dict": ema_only(s)}), notes=("averaged weights (EMA)",)),
    Row("averages only, safetensors", tensors(ema_only), notes=("averaged weights (EMA)",)),
    Row(
        "training with callbacks",
        stored(lambda s: trained(s, callbacks={"best": {"best_model_score": torch.tensor(1.0)}}, loops={"a": {}})),
    ),
    Row("module.", tensors(functools.partial(plus, "module."))),
    Row("_orig_mod.", tensors(functools.partial(plus, "_orig_mod."))),
    Row("_orig_mod.module.", tensors(functools.partial(plus, "_orig_mod.module."))),
    Row(
        "module. within",
        tensors(lambda s: {k.replace("model.model.", "model._orig_mod.model."): v for k, v in s.items()}),
    ),
    Row("compiled in training", stored(lambda s: {"state_dict": plus("diffusion._orig_mod.", s)})),
    Row("distributed training", stored(lambda s: {"module": plus("diffusion.", s), "ds_version": "0.1"})),
    Row("model.diffusion_model.", tensors(functools.partial(plus, "model.diffusion_model."))),
    Row("module.model.diffusion_model.", tensors(functools.partial(plus, "module.model.diffusion_model."))),
    Row(
        "the network alone under model.diffusion_model.",
        tensors(
            lambda s: {**but(DIT, s), **plus("model.diffusion_model.", only("model.model.", s, without="model.model."))}
        ),
    ),
    Row("one key deeper: model", stored(lambda s: {"model": dict(s), "step": 3})),
    Row("one key deeper: generator", stored(lambda s: {"generator": dict(s)})),
    Row("two keys deeper", stored(lambda s: {"checkpoint": {"state_dict": dict(s)}})),
    Row("three keys deeper, distributed", stored(lambda s: {"a": {"model": {"state_dict": plus("module.", s)}}})),
    Row("ema deeper", stored(lambda s: {"ema": dict(s)}), notes=("averaged weights (EMA)",)),
    Row("model and ema", stored(lambda s: {"model": worse(s), "ema": dict(s)}), notes=("averaged weights (EMA)",)),
    Row(
        "model and ema of the network",
        stored(lambda s: {"state_dict": {**s, **worse(only(DIT, s))}, "ema": only(DIT, s)}),
        notes=("averaged weights (EMA)",),
    ),
    Row(
        "ema_model and online_model",
        stored(lambda s: {**plus("ema_model.", s), **plus("online_model.", worse(s))}),
        notes=("averaged weights (EMA)",),
    ),
    Row(
        "a teacher beside",
        stored(lambda s: {"state_dict": {**plus("diffusion.", s), **plus("teacher_model.", worse(s))}}),
    ),
    Row("parametrised weight norm", tensors(weight_norm)),
    Row("parametrised weight norm in training", stored(lambda s: trained(weight_norm(s)))),
    Row("weight norm worked out", tensors(worked_out), notes=("weight norm worked out",), rounded=True),
    Row(
        "without constants",
        tensors(lambda s: {k: v for k, v in s.items() if not k.endswith(("inv_freq", "norm.beta"))}),
    ),
    Row("no encoder", tensors(functools.partial(but, "pretransform.model.encoder.")), notes=("no encoder",)),
    Row(
        "keys of others beside",
        tensors(lambda s: {**s, "logvar": torch.zeros(3), "extra.weight": torch.ones(2, 2)}),
        notes=("2 weights that the model does not have are left out", "extra.weight 2×2"),
    ),
    Row(
        "T5 inside",
        tensors(lambda s: {**s, **t5("conditioner.conditioners.prompt.model.")}),
        notes=("its own copy of the text encoder is not used",),
    ),
    Row(
        "T5 beside", tensors(lambda s: {**s, **t5("text_encoders.t5base.transformer.")}), notes=("text encoder is not",)
    ),
    Row("fp16", tensors(lambda s: cast(s, torch.float16)), notes=("weights stored in fp16",), rounded=True),
    Row("bf16", tensors(lambda s: cast(s, torch.bfloat16)), notes=("weights stored in bf16",), rounded=True),
    Row("fp64", tensors(lambda s: cast(s, torch.float64)), notes=("weights stored in fp64",)),
    Row("fp16 training", stored(lambda s: trained(cast(s, torch.float16))), notes=("stored in fp16",), rounded=True),
    Row(
        "the network in fp16",
        tensors(lambda s: {**s, **cast(only(DIT, s), torch.float16)}),
        notes=("weights stored in fp16",),
        rounded=True,
    ),
    Row("fp8", tensors(lambda s: cast(s, torch.float8_e4m3fn)), notes=("weights stored in fp8",), rounded=True),
    Row("fp8 of the other kind", tensors(lambda s: cast(s, torch.float8_e5m2)), notes=("stored in fp8",), rounded=True),
    Row("fp8 with scales", tensors(scaled_fp8), notes=("weights stored in fp8",), rounded=True),
    Row("fp8 with a scale a row", tensors(rows_fp8), notes=("weights stored in fp8",), rounded=True),
    Row(
        "fp8 with scales, distributed", tensors(lambda s: plus("module.", scaled_fp8(s))), notes=("fp8",), rounded=True
    ),
)

REFUSED = (
    Row(
        "the network alone",
        tensors(functools.partial(only, DIT)),
        refusal=("holds the diffusion network alone", "unwrap"),
    ),
    Row(
        "the network alone, bare",
        tensors(lambda s: only("model.model.", s, without="model.model.")),
        refusal=("holds the diffusion network alone",),
    ),
    Row("no autoencoder", tensors(functools.partial(but, VAE)), refusal=("holds no autoencoder", "pretransform:")),
    Row(
        "an autoencoder alone",
        tensors(functools.partial(only, VAE)),
        refusal=("holds an autoencoder alone", "checkpoint:"),
    ),
    Row(
        "an autoencoder's own checkpoint",
        stored(
            lambda s: {
                "state_dict": plus("autoencoder.", only("pretransform.model.", s, without="pretransform.model."))
            }
        ),
        refusal=("holds an autoencoder alone", "pretransform:"),
    ),
    Row(
        "no conditioners",
        tensors(functools.partial(but, CONDITIONER)),
        refusal=("conditioners (prompt, seconds_start",),
    ),
    Row("a LoRA", tensors(lora), refusal=("is a LoRA file", "Name it with loras:")),
    Row(
        "a LoRA of kohya's",
        tensors(lambda s: {"lora_unet_a.lora_down.weight": s["model.model.preprocess_conv.weight"]}),
        refusal=("is a LoRA file",),
    ),
    Row("a LoRA that says so", tensors(lambda _: {"a": torch.ones(1)}, lora_config="{}"), refusal=("is a LoRA file",)),
    Row("a LoRA, pickled", stored(lambda s: {"lora": lora(s)}), refusal=("is a LoRA file",)),
    Row(
        "a model with a LoRA",
        tensors(lambda s: {**s, **lora(s)}),
        refusal=("a model with a LoRA beside it", "Merge it"),
    ),
    Row("a model with a LoRA of peft's", tensors(peft), refusal=("a model with a LoRA beside it",)),
    Row("other sizes", tensors(other_sizes), refusal=("in other sizes", "of another shape", "trained with")),
    Row(
        "another depth",
        tensors(functools.partial(but, "model.model.transformer.layers.1.")),
        refusal=("another architecture", "missing from the file", "trained with"),
    ),
    Row(
        "an optimiser",
        stored(lambda _: {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 1}]}),
        refusal=("optimiser",),
    ),
    Row(
        "Stable Diffusion",
        tensors(lambda _: {"model.diffusion_model.input_blocks.0.0.weight": torch.ones(2)}),
        refusal=("Stable Diffusion",),
    ),
    Row("T5 alone", tensors(lambda _: t5("")), refusal=("holds a text encoder (T5) alone",)),
    Row("something else", tensors(lambda _: {"a.b": torch.ones(2)}), refusal=("none of its 1 weights is the model's",)),
    Row(
        "whole numbers",
        tensors(lambda s: {**s, **cast(only("model.model.transformer", s), torch.int8)}),
        refusal=("in whole numbers",),
    ),
    Row(
        "NaN", tensors(lambda s: holed(s, float("nan"))), refusal=("no numbers", "preprocess_conv.weight", "1 are NaN")
    ),
    Row(
        "infinity",
        stored(lambda s: trained(holed(s, float("inf")))),
        refusal=("no numbers", "diffusion.model.", "infinite"),
    ),
    Row("NaN in fp16", tensors(lambda s: cast(holed(s, float("nan")), torch.float16)), refusal=("no numbers",)),
    Row("NaN in fp8", tensors(lambda s: cast(holed(s, float("nan")), torch.float8_e4m3fn)), refusal=("no numbers",)),
    Row("fp8 with scales of blocks", tensors(blocks_fp8), refusal=("scales do not go with them", ".weight")),
    Row("no tensors", stored(lambda _: {"epoch": 3}), refusal=("holds no model weights",)),
    Row("an empty state_dict", stored(lambda _: {"state_dict": {}}), refusal=("holds no model weights",)),
    Row("no state_dict", stored(lambda _: {"state_dict": None}), refusal=("holds no model weights",)),
    Row("a list", stored(lambda _: [1, 2]), refusal=("holds a list",)),
    Row("one tensor", stored(lambda _: torch.ones(2)), refusal=("a single tensor",)),
    Row("Python objects", stored(lambda s: {"state_dict": dict(s), "extra": Strange()}), refusal=("could run code",)),
    Row("code", raw(pickle.dumps({"state_dict": Strange()}, protocol=2)), refusal=("could run code", ".safetensors")),
    *(
        Row(
            f"pickled in protocol {number}{', the old way' if old else ''}",
            functools.partial(
                lambda s, f, number, old: torch.save(
                    dict(s), f, pickle_protocol=number, _use_new_zipfile_serialization=not old
                ),
                number=number,
                old=old,
            ),
            refusal=(f"pickled in protocol {number}", "safetensors.torch.save_file"),
        )
        for number in (4, 5)
        for old in (False, True)
    ),
    Row(
        "pickled by Python alone",
        raw(pickle.dumps({"a": torch.ones(2)}, protocol=4)),
        refusal=("protocol 4", "save_file"),
    ),
    Row("a whole module", stored(lambda _: torch.nn.Linear(2, 2)), refusal=("could run code",)),
    Row("TorchScript", script, refusal=("TorchScript",)),
    Row("Git LFS", raw(POINTER), refusal=("Git LFS pointer", "4,853,910,312 bytes", "git lfs pull")),
    Row("HTML", raw(b"\n<!DOCTYPE html><html><head><title>404</title>"), refusal=("web page", "hub:")),
    Row(
        "an XML error", raw(b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>'), refusal=("error of the server",)
    ),
    Row("a JSON error", raw(b'{"error": "Repository not found"}'), refusal=("is JSON", "Repository not found")),
    Row("a text error", raw(b"Invalid username or password."), refusal=("is text", "Invalid username or password.")),
    Row("an index", raw(INDEX), refusal=("in several files",)),
    Row("a configuration", raw(b'{"model_type": "diffusion_cond"}'), refusal=("model's configuration", "config:")),
    Row("GGUF", raw(b"GGUF\x03\0\0\0" + b"x" * 600), refusal=("GGUF",)),
    Row("a zip", zipped("Downloads/model.ckpt"), refusal=("zip archive", "Downloads/model.ckpt", "Unpack")),
    Row("numpy's", zipped("a.npy"), refusal=("zip archive",)),
    Row("gzip", raw(b"\x1f\x8b\x08" + b"x" * 600), refusal=("gzip", "Unpack")),
    Row("HDF5", raw(b"\x89HDF\r\n\x1a\n" + b"x" * 600), refusal=("HDF5",)),
    Row("a sound", raw(b"RIFF\x24\0\0\0WAVE"), refusal=("is a sound",)),
    Row("what macOS leaves", raw(b"\x00\x05\x16\x07\0\2\0\0Mac OS X"), refusal=("macOS", "._")),
    Row("empty", raw(b""), refusal=("is empty",)),
    Row("zeros", raw(bytes(4096)), refusal=("nothing but zeros",)),
    Row("noise", raw(struct.pack("<1024H", *range(40000, 41024))), refusal=("damaged, or no checkpoint",)),
    Row("a few bytes", cut(SAFE, 1e-5), refusal=("cut off",)),
    Row("safetensors cut in its header", cut(SAFE, 0.02), refusal=("is cut off", "list of weights")),
    Row("safetensors cut off", cut(SAFE, 0.5), refusal=("is cut off", " of ")),
    Row("safetensors, almost all", cut(SAFE, 0.999), refusal=("is cut off",)),
    Row("torch cut off", cut(PLAIN, 0.5), refusal=("is cut off", "its end is missing")),
    Row("torch, almost all", cut(PLAIN, 0.99), refusal=("is cut off",)),
    Row("torch spoilt", spoilt, refusal=("is damaged", "again")),
    Row(
        "the old way, cut off",
        lambda s, f: cut(lambda s, f: torch.save(dict(s), f, _use_new_zipfile_serialization=False), 0.9)(s, f),
        refusal=("damaged",),
    ),
    Row("a folder", lambda _s, f: f.mkdir(), refusal=("is a folder",)),
    Row("a model's folder", lambda _s, f: (f.mkdir(), (f / "model_config.json").touch())[0], refusal=("folder:",)),
    Row("nothing", lambda _s, _f: None, refusal=("There is no checkpoint",)),
)
