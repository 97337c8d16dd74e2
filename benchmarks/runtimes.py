"""One denoiser call of ``pocket`` in torch, ONNX Runtime and OpenVINO: what each takes of the processor, in turn.

    uv run --with onnx --with onnxruntime --with openvino python -m benchmarks.runtimes

A plain laptop of most machines make ``ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2``.

All in fp32, on one core, the same inputs, whatever of the three is installed. Processor seconds, not the clock's: they
hold on a busy machine, and calls are made in turn so that what neighbours do to the caches meets all.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from midifrag.engine.diffusion.fidelity import decibels
from midifrag.engine.loading.load import load_stable_audio
from midifrag.engine.loading.model import Model
from midifrag.engine.network.blocks import NO_PROMPTS, Block, Prompts
from midifrag.engine.network.graphs import DenoiserInputs
from midifrag.engine.network.kernels import PLAIN
from midifrag.engine.network.transformer import FastDenoiser
from midifrag.engine.protocol import EngineChoice

Array: TypeAlias = npt.NDArray[np.float32]
#: What one call takes in, by name, and gives.
Call: TypeAlias = Callable[[Mapping[str, Array]], Array]
NAMES = ("latents", "time_embeddings", "context")


class Step(nn.Module):
    """The engine's own forward pass as a module of tensors, for ``rows`` requests, guided or not."""

    def __init__(self, denoiser: FastDenoiser, rows: int, *, guided: bool) -> None:
        super().__init__()
        self._denoiser, self._guided = denoiser, list(range(rows)) if guided else []

    def forward(self, latents: Tensor, time_embeddings: Tensor, context: Tensor) -> Tensor:
        """What `FastDenoiser` computes of a batch."""
        inputs = DenoiserInputs(latents, time_embeddings, context, None)
        answer: Tensor = self._denoiser._forward(inputs, self._guided)
        return answer


def traced_head_norm(x: Tensor, gain: Tensor, bias: Tensor, eps: Tensor) -> Tensor:
    """`midifrag.engine.network.pointwise.head_norm` with the width as a constant, in words that every format has."""
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    inverse: Tensor = (length * length * (1 / int(x.shape[-1])) + eps).rsqrt()
    return x * inverse * gain + bias


def cross_attend_and_feed(
    block: Block, x: Tensor, modulation: Any, prompts: Prompts, _before: int, _local: Tensor | None = None
) -> Tensor:
    """`Block.cross_attend_and_feed` without writing into a part of a tensor, which is lost in other formats."""
    if prompts.context is not None:
        rows = int(prompts.context.shape[1])
        prompted = x[:rows] + block._attention_to(block._cross_norm(x[:rows]), prompts.context, None)
        x = torch.cat([prompted, x[rows:]])
    return Block.cross_attend_and_feed(block, x, modulation, NO_PROMPTS)


def inputs_for(denoiser: FastDenoiser, rows: int, frames: int, *, guided: bool) -> dict[str, Tensor]:
    """Random latents, and the conditioning of a row of the engine's own."""
    row = denoiser._sample_row(frames, guided=guided, has_negative=False)
    time_embedding = row.prepared.time_embeddings[row.model_input.t]
    prompt = row.prepared.context
    assert prompt is not None, "pocket hears its prompt by cross-attention"
    generator = torch.Generator().manual_seed(1)
    return {
        "latents": torch.randn(rows, row.model_input.x.shape[1], frames, generator=generator),
        "time_embeddings": time_embedding.expand(rows * (1 + guided), -1).clone(),
        "context": torch.randn(*prompt.shape[:2], rows, *prompt.shape[3:]),
    }


def with_onnxruntime(file: Path) -> Call:
    """A session on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return lambda arrays: np.asarray(session.run(None, dict(arrays))[0])


def with_openvino(file: Path) -> Call:
    """A compiled model on one thread, in fp32."""
    import openvino

    exact = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.compile_model(openvino.convert_model(str(file)), "CPU", exact)
    return lambda arrays: np.asarray(compiled(dict(arrays))[0])


def export(traced: Step, given: Mapping[str, Tensor], file: Path) -> None:
    """Write the step as ONNX, for one number of requests and one length."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(traced, tuple(given.values()), str(file), input_names=list(NAMES), dynamo=False)


MAKERS: dict[str, Callable[[Path], Call]] = {"onnxruntime": with_onnxruntime, "openvino": with_openvino}


def compare(model: Model, rows: int, frames: int, repeats: int, *, guided: bool) -> list[str]:
    """Lines for each runtime that is there: processor milliseconds, the paired ratio to torch, and the error."""
    denoiser = FastDenoiser(model.module, torch.float32)
    plainly = FastDenoiser(model.module, torch.float32, kernels=replace(PLAIN, head_norm=traced_head_norm))
    for block in plainly._forward.blocks:
        block.cross_attend_and_feed = partial(cross_attend_and_feed, block)  # type: ignore[method-assign]  # of this copy alone
    step, traced = (Step(each, rows, guided=guided).eval() for each in (denoiser, plainly))
    given = inputs_for(denoiser, rows, frames, guided=guided)
    arrays = {name: value.numpy() for name, value in given.items()}
    calls: dict[str, Call] = {"torch": lambda _: step(**given).numpy()}
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        file, began = Path(folder) / "step.onnx", time.process_time()
        export(traced, given, file)
        print(f"exported in {time.process_time() - began:.1f} processor seconds", flush=True)
        for name, make in MAKERS.items():
            if find_spec(name):
                began = time.process_time()
                calls[name] = make(file)
                print(f"{name} made in {time.process_time() - began:.1f} processor seconds", flush=True)
        exact = torch.from_numpy(calls["torch"](arrays))
        taken: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(repeats + 2):
            for name, call in calls.items():
                began = time.process_time()
                call(arrays)
                taken[name].append(time.process_time() - began)
        return [_line(name, taken, decibels(exact, torch.from_numpy(call(arrays)))) for name, call in calls.items()]


def _line(name: str, taken: Mapping[str, Sequence[float]], signal_to_noise: float) -> str:
    own, torchs = taken[name][2:], taken["torch"][2:]
    ratio = statistics.median(there / here for there, here in zip(torchs, own, strict=True))
    return f"| {name} | {1000 * statistics.median(own):.1f} ms | {ratio:.2f} × | {signal_to_noise:.0f} dB |"


def main() -> None:
    """Print a table for each number of requests, guided and in one pass."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=140)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--requests", type=int, nargs="+", default=[1, 8])
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = load_stable_audio(EngineChoice("pocket", device="cpu", precision="fp32"))
    for rows, guided in product(options.requests, (True, False)):
        print(f"{rows} at once, {'guided' if guided else 'one pass'}, {options.frames} latents", flush=True)
        print(*compare(model, rows, options.frames, options.repeats, guided=guided), sep="\n", flush=True)


if __name__ == "__main__":
    main()
