"""From a set to the plan of a server: how large its models are, and what of a machine each replica gets."""

from __future__ import annotations

from dataclasses import replace

from midifrag.config.loading import Loaded
from midifrag.config.serving import Range
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.registry import engine_choice
from midifrag.errors import ModelError
from midifrag.serving.grouping import grouped, shared_out
from midifrag.serving.plan import Plan
from midifrag.serving.quotas import USUAL_QUOTA
from midifrag.serving.ray_server import Planning
from midifrag.serving.upload_limits import limits_of

#: Bytes of a gigabyte.
GB = 1_000_000_000


def planner(loaded: Loaded, names: tuple[str, ...], replicas: Range | None = None) -> Planning:
    """What makes the plan of a set's models, once it is known which machines there are.

    ``replicas`` takes the place of what the set says.
    """

    def plan(boxes: list[float], gpus: float, grows: bool) -> Plan:
        settings = loaded.settings
        sizes = {name: size_of(loaded, name) for name in names}
        groups = grouped(sizes, int(settings.serve.large_gb * GB))
        least, most = replicas or settings.serve.replicas
        device = settings.engine.device
        wanted = 0.0 if not device.startswith(("auto", "cuda")) else max(gpus, float(grows and device != "auto"))
        share = shared_out(boxes, wanted, (least * len(groups), most * len(groups)), grows=grows)
        return Plan(
            {name: _choice(loaded, name) for name in names},
            groups,
            settings.engine.host,
            (least, most),
            settings.serve.in_flight,
            share,
            replace(USUAL_QUOTA, connections=settings.serve.connections),
            sizes={name: size for name, size in sizes.items() if size is not None},
            room=settings.serve.memory_gb * GB,
            uploads=limits_of(settings.serve.uploads),
            drain_seconds=settings.serve.drain_seconds,
        )

    return plan


def _choice(loaded: Loaded, name: str) -> EngineChoice:
    choice = engine_choice(loaded, name)
    # A replica sees the one card that it was given.
    return replace(choice, device="cuda") if choice.device.startswith("cuda:") else choice


def size_of(loaded: Loaded, name: str) -> int | None:
    """The bytes of a model's files; None where these are not all here. An engine of others has none that it tells."""
    from midifrag.engine.loading import inventory, model_files

    source = model_files.located(name, loaded.source(name))
    if "hub" in source:
        found = inventory.presence(name, source)
        return None if found.missing else found.size
    if "engine" in source or (not source and name != "pocket"):
        return 0
    try:
        return model_files.local_files(name, source).checkpoint.stat().st_size
    except (ModelError, OSError):
        # Its engine says what is wrong with it.
        return None
