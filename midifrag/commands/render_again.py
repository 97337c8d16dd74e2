"""A take rendered again from its record, by the model that made it."""

from __future__ import annotations

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

    model = api.open_model(_choice(record, show))
    checksum = model.info.checksum if isinstance(model, api.WorkerModel) else model.checksum
    if record.checksum and checksum != record.checksum:
        raise ModelError(
            f"Take {record.number} was made by another {record.model} (checksum {record.checksum[:12]}, this one has "
            f"{checksum[:12]}): it would sound different. Put that checkpoint back, or render the prompt anew."
        )
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


def _choice(record: TakeRecord, show: Loaded | None) -> EngineChoice:
    from midifrag.config.catalogue import known
    from midifrag.engine.protocol import EngineChoice
    from midifrag.engine.registry import engine_choice

    if show is not None and show.settings.knows(record.model):
        choice = engine_choice(show, record.model)
    else:
        built_in = known(record.model)
        choice = EngineChoice(record.model, dict(built_in.source) if built_in else {})
    # A take is made again with the noise that it had, wherever that can be had.
    if not record.noise:
        return choice
    return replace(choice, options={**choice.options, "noise": "cpu" if record.noise == "cpu" else "device"})
