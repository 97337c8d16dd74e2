"""What the archive keeps of a take: what was asked for, what really made it, and when."""

from __future__ import annotations

from typing import Any

from midifrag.bridge.jobs import RenderJob
from midifrag.clock import Clock
from midifrag.config.parameter_values import values_of
from midifrag.config.parameters import RequestParameters
from midifrag.engine.messages import EngineInfo, Rendered
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.recorded_length import fields_of


def _of_the_sound(job: RenderJob) -> dict[str, Any]:
    """What a record says of the sound that a take begins from: fields by name."""
    begin = job.begin
    if begin is None or job.render.sound is None:
        return {}
    fields: dict[str, Any] = {"source": begin.told, "source_checksum": begin.sound.checksum, "source_take": begin.take}
    first, last = begin.fill or (None, None)
    return fields | {"fill_from": first, "fill_to": last}


def take_record(job: RenderJob, event: Rendered | None, info: EngineInfo | None, clock: Clock) -> TakeRecord:
    """What the archive keeps of how a take was made; ``event`` is None where the engine failed at it."""
    wall = {name: clock.wall(moment) for name, moment in job.times.reached().items()}
    used = dict(event.used) if event else values_of(job.render, RequestParameters)
    seed = used.get("seed", job.render.seed)
    return TakeRecord(
        prompt=job.prompt,
        preset=job.origin.label,
        bank=job.origin.bank,
        model=info.model if info else job.model,
        checksum=info.checksum if info else "",
        noise=info.noise if info else "",
        seed=int(seed) if seed is not None else None,
        parameters=used,
        job=job.number,
        pressed_at=wall["pressed"],
        started_at=wall.get("started"),
        rendered_at=wall.get("rendered"),
        spare=job.spare,
        **_of_the_sound(job),
        key=job.preset.key,
        **{"bpm": job.preset.bpm, **fields_of(job.length)},
    )
