"""``midifrag render``: one prompt into one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from midifrag.audio import Audio, SourceSound
from midifrag.commands.common import explained
from midifrag.commands.console import say
from midifrag.config.lengths import musical_length, rendered_seconds
from midifrag.config.loading import Loaded
from midifrag.config.parameter_values import LENGTHS, lengths_in, values_of
from midifrag.config.parameters import NUMBERS, Preset, RequestParameters
from midifrag.config.press_request import filled
from midifrag.config.seeds import RANDOM
from midifrag.config.unplayable import model_facts, troubles
from midifrag.engine import api
from midifrag.engine.registry import engine_choice
from midifrag.errors import AudioError, RequestError
from midifrag.fragment.audio_files import check_target, read_sound, write_wav
from midifrag.fragment.cutting import Fragment, make_fragment
from midifrag.fragment.fades import peak
from midifrag.fragment.length import FragmentLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.recorded_length import fields_of
from midifrag.fragment.source_sounds import fitting
from midifrag.fragment.writer_commands import ReadSound, SoundPlace

#: Bits per sample of a take that is written as it is.
RAW_BITS = 24
_CUT = FragmentOptions()


def render(
    prompt: str,
    target: Path,
    loaded: Loaded,
    parameters: Mapping[str, Any],
    raw: bool,
    source: Path | None = None,
) -> None:
    """Render one prompt with the model of a show into a file, cleaned like a fragment unless ``raw``.

    It begins from the sound in the file ``source``, if there is one, and is as long unless another length is named.
    """
    with explained(), Progress(transient=True) as progress:
        # Said before a model is loaded, which takes a while.
        check_target(target)
        name = loaded.settings.model
        preset, length = _asked(prompt, loaded, parameters)
        longest = model_facts(name, loaded.source(name)).longest
        sound, told_of_it = (None, ()) if source is None else _sound(source, longest)
        if sound is not None and not lengths_in(parameters):
            preset = replace(preset, seconds=max(sound.seconds, NUMBERS["seconds"].limits[0]))
        task = progress.add_task(f"loading {name}", total=None)
        model = api.open_model(engine_choice(loaded, name))
        progress.update(task, description="rendering")
        told = values_of(preset, RequestParameters) | {"seed": parameters.get("seed")}
        take = api.perform(model, api.request(preset.prompt, **told, bpm=loaded.settings.tempo, sound=sound))
        try:
            if raw:
                fragment = _as_it_is(take.audio, take.sample_rate)
            else:
                fragment = make_fragment(take.audio, take.sample_rate, _CUT, length)
        except AudioError as error:
            raise AudioError(f"{target} is not written: {error}") from error
        said = {"prompt": preset.prompt, "model": name, **take.used, **fields_of(length)}
        texts = {"title": preset.prompt, "comment": json.dumps(said)}
        write_wav(target, fragment.audio, take.sample_rate, RAW_BITS if raw else _CUT.bits, texts)
    say(f"{target}  {fragment.seconds:.2f} s, seed {take.used.get('seed')}")
    for note in (*told_of_it, *take.notes, *fragment.notes):
        say(f"note: {note}")


def _asked(prompt: str, loaded: Loaded, parameters: Mapping[str, Any]) -> tuple[Preset, FragmentLength | None]:
    """What a model is asked for, and how long the fragment is to be. Raises `RequestError` for what is too long."""
    settings = loaded.settings
    name, bpm, signature = settings.model, settings.tempo, settings.time.signature
    preset = filled(Preset(prompt=prompt, **{"seed": RANDOM, **parameters}), bpm, signature, settings.key)
    facts = model_facts(name, loaded.source(name))
    length = musical_length(preset, bpm, signature)
    trouble = next((one for one in troubles(preset, facts, length) if one.parameter in LENGTHS), None)
    if trouble is not None:
        raise RequestError(f"{trouble.sentence}: ask for less.")
    seconds, cut = rendered_seconds(preset, length, _CUT, facts.limits)
    return replace(preset, seconds=seconds), cut


def _sound(file: Path, longest: float | None) -> tuple[SourceSound, tuple[str, ...]]:
    """What a render begins from, as a press would, and what is told of it. Raises `StorageError` and `AudioError`."""
    asked = ReadSound(0, SoundPlace("file", file=str(file)), longest)
    found = read_sound(file, longest)
    audio, rate, notes = fitting(found.audio, found.sample_rate, asked, found.samples)
    return SourceSound.of(audio, rate), (*found.notes, *notes)


def _as_it_is(audio: Audio, sample_rate: int) -> Fragment:
    """A whole take, softer if it would clip otherwise. Raises `NonFiniteTakeError`."""
    level = peak(audio)
    if level <= 1.0:
        return Fragment(audio, sample_rate)
    return Fragment(
        audio / np.float32(level), sample_rate, (f"its peak was {level:.2f}: made softer, as it would clip",)
    )
