"""``midifrag render``: one prompt into one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from midifrag.audio import Audio
from midifrag.commands.common import explained
from midifrag.commands.console import say
from midifrag.config.catalogue import longest_seconds, too_long
from midifrag.config.loading import Loaded
from midifrag.engine import api
from midifrag.engine.registry import engine_choice
from midifrag.errors import AudioError, RequestError
from midifrag.fragment.audio_files import check_target, write_wav
from midifrag.fragment.cutting import Fragment, make_fragment, peak
from midifrag.fragment.options import FragmentOptions

#: Bits per sample of a take that is written as it is.
RAW_BITS = 24
_CUT = FragmentOptions()


def render(prompt: str, target: Path, loaded: Loaded, parameters: Mapping[str, Any], raw: bool) -> None:
    """Render one prompt with the model of a show into a file, cleaned like a fragment unless ``raw``."""
    with explained(), Progress(transient=True) as progress:
        # Said before a model is loaded, which takes a while.
        check_target(target)
        name = loaded.settings.model
        trouble = too_long(parameters.get("seconds"), name, longest_seconds(name, loaded.source(name)))
        if trouble is not None:
            raise RequestError(f"{trouble}: ask for less.")
        task = progress.add_task(f"loading {name}", total=None)
        model = api.open_model(engine_choice(loaded, name))
        progress.update(task, description="rendering")
        take = api.perform(model, api.request(prompt, **parameters))
        try:
            fragment = (
                _as_it_is(take.audio, take.sample_rate) if raw else make_fragment(take.audio, take.sample_rate, _CUT)
            )
        except AudioError as error:
            raise AudioError(f"{target} is not written: {error}") from error
        texts = {"title": prompt, "comment": json.dumps({"prompt": prompt, "model": name, **take.used})}
        write_wav(target, fragment.audio, take.sample_rate, RAW_BITS if raw else _CUT.bits, texts)
    say(f"{target}  {fragment.seconds:.2f} s, seed {take.used.get('seed')}")
    for note in (*take.notes, *fragment.notes):
        say(f"note: {note}")


def _as_it_is(audio: Audio, sample_rate: int) -> Fragment:
    """A whole take, softer if it would clip otherwise. Raises `NonFiniteTakeError`."""
    level = peak(audio)
    if level <= 1.0:
        return Fragment(audio, sample_rate)
    return Fragment(
        audio / np.float32(level), sample_rate, (f"its peak was {level:.2f}: made softer, as it would clip",)
    )
