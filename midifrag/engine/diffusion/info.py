"""What an engine tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from midifrag.config.samplers import samplers_for
from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.loading.device import device_name
from midifrag.engine.messages import EngineInfo


def engine_info(runner: ModelRunner, warmed: str, bytes_of_a_request: int, options: Mapping[str, Any]) -> EngineInfo:
    """What is known of the model, of its device, and of the memory that both take; ``options`` are the engine's."""
    model, memory = runner.model, runner.memory()
    if bytes_of_a_request:
        memory["one request in flight"] = bytes_of_a_request
    return EngineInfo(
        engine="stable-audio",
        model=model.name,
        checksum=model.checksum,
        device=_device_in_words(model.device),
        precision=_precision_in_words(runner, options),
        sample_rate=model.sample_rate,
        channels=model.channels,
        max_seconds=model.max_seconds,
        min_seconds=model.min_seconds,
        samplers=samplers_for(model.objective),
        memory=memory,
        warmed=warmed,
        remark="; ".join(filter(None, (model.remark, *runner.loras.shelf.remarks))),
        noise=device_name(model.noise_device),
        hears_tempo=any(one.is_tempo for one in model.inputs),
        begins_from=model.begins_from,
    )


def warmed_in_words(runner: ModelRunner, seconds: float, at_once: int | None, *, chords: bool = True) -> str:
    """What warm-up has come to after the ``seconds`` that presses wait for; ``chords``: all lengths and chords are it.

    ``at_once`` says for how many requests in a step there is memory, if not for all.
    """
    denoiser, decoder = runner.parts.descriptions
    graphs = f", {len(runner.recordings)} graphs" if len(runner.recordings) else ""
    if runner.recordings.are_left_out:
        graphs = ", without CUDA graphs"
    room = f", memory for {at_once} at once" if at_once else ""
    to_come = "" if chords else "; more follows while nothing is pressed"
    return f"warm in {seconds:.1f} s{to_come}{graphs}{room}: {denoiser}; {decoder}"


def _device_in_words(device: torch.device) -> str:
    return f"{device} ({device_name(device)})" if device.type == "cuda" else str(device)


def _precision_in_words(runner: ModelRunner, options: Mapping[str, Any]) -> str:
    """The number format, and whatever else makes this engine sound other than its model does."""
    is_rough = runner.model.device.type == "cuda" and options.get("fp16_accumulation")
    rough = "sums in fp16" if is_rough else ""
    return ", ".join(filter(None, (runner.model.precision, rough, str(runner.shortcuts))))
