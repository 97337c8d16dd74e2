"""A take rendered again from its record, by the model that made it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from midifrag.errors import ModelError
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord

if TYPE_CHECKING:
    from midifrag.config.loading import Loaded
    from midifrag.engine import api
    from midifrag.engine.protocol import EngineChoice


def again(archive: Archive, record: TakeRecord, show: Loaded | None) -> TakeRecord:
    """Render a take again from its record and archive what comes out. Raises `ModelError` for another model."""
    from midifrag.engine import api

    model = _maker(record, show)
    noise = _noise_of(model)
    # Another card makes another sound of the same seed.
    other = f", with the noise of {noise} and not of {record.noise}" if record.noise and noise != record.noise else ""
    started = time.time()
    sound = None
    if record.source_checksum:
        from midifrag.fragment.source_sounds import source_of

        sound = source_of(archive, record.source_checksum, record.source_take)
    asked = api.request(record.prompt, recorded=True, sound=sound, fill=record.fill, **recorded_parameters(record))
    take = api.perform(model, asked)
    copy = TakeRecord(
        prompt=record.prompt,
        preset=record.preset,
        bank=record.bank,
        model=record.model,
        checksum=record.checksum,
        seed=record.seed,
        parameters=take.used,
        started_at=started,
        rendered_at=time.time(),
        note=f"take {record.number} again{other}",
        noise=noise,
        bars=record.bars,
        beats=record.beats,
        bpm=record.bpm,
        signature=record.signature,
        cut_seconds=record.cut_seconds,
        source=record.source,
        source_checksum=record.source_checksum,
        source_take=record.source_take,
        fill_from=record.fill_from,
        fill_to=record.fill_to,
        key=record.key,
    )
    return archive.store(take.audio, take.sample_rate, copy)


def _maker(record: TakeRecord, show: Loaded | None) -> api.LoadedModel:
    """The model that made a take: what is called so now, or was before. Raises `ModelError` where neither did."""
    from midifrag.config.catalogue import once_called
    from midifrag.engine import api

    model = api.open_model(_choice(record.model, record.noise, show))
    if record.checksum in ("", model.checksum):
        return model
    for name in once_called(record.model):
        # One that cannot be played here is none that made it.
        with contextlib.suppress(ModelError):
            earlier = api.open_model(_choice(name, record.noise, show))
            if earlier.checksum == record.checksum:
                return earlier
    raise ModelError(
        f"Take {record.number} was made by another {record.model} (checksum {record.checksum[:12]}, this one has "
        f"{model.checksum[:12]}): it would sound different. Put that checkpoint back, or render the prompt anew."
    )


def _noise_of(model: api.LoadedModel) -> str:
    """What makes noise of a seed in a loaded model."""
    from midifrag.engine.loading.model import Model

    if not isinstance(model, Model):
        return model.info.noise
    from midifrag.engine.loading.device import device_name

    return device_name(model.noise_device)


def recorded_parameters(record: TakeRecord) -> dict[str, Any]:
    """What of a record goes into a new render of it, by parameter."""
    from midifrag.config.parameters import RequestParameters, names_of

    names = names_of(RequestParameters)
    return {name: record.parameters[name] for name in names if record.parameters.get(name) is not None}


def _choice(name: str, noise: str, show: Loaded | None) -> EngineChoice:
    """A model by its name in a show or by itself, with the ``noise`` that a take had, wherever that can be had."""
    from midifrag.config.catalogue import known
    from midifrag.engine.protocol import EngineChoice
    from midifrag.engine.registry import engine_choice

    if show is not None and show.settings.knows(name):
        choice = engine_choice(show, name)
    else:
        built_in = known(name)
        choice = EngineChoice(name, dict(built_in.source) if built_in else {})
    if not noise:
        return choice
    return replace(choice, options={**choice.options, "noise": "cpu" if noise == "cpu" else "device"})
