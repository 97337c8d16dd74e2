"""Which models have replicas of their own, which share theirs, and what each replica gets of its machine."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: What the deployment is called whose models share their replicas; what others are called begins with that.
SHARED = "engines"
_MOST_NAME = 40


@dataclass(frozen=True, slots=True)
class Group:
    """Models that are in the same replicas, and what the deployment of these is called."""

    name: str
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """What one replica gets: GPUs, which may be a part of one, cores as Ray counts them, and threads."""

    gpus: float
    cores: float
    threads: int


def grouped(sizes: Mapping[str, int | None], large: int) -> tuple[Group, ...]:
    """Each model of more than ``large`` bytes by itself, all others together; one whose size nobody knows is large."""
    small = tuple(model for model, size in sizes.items() if size is not None and size <= large)
    own = [Group(_name(model), (model,)) for model in sizes if model not in small]
    return (*((Group(SHARED, small),) if small else ()), *own)


def _name(model: str) -> str:
    """A name that Ray takes, and that no other model has."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", model)[:_MOST_NAME].strip("-")
    return f"{SHARED}-{plain}-{hashlib.blake2b(model.encode('utf-8', 'replace'), digest_size=3).hexdigest()}"


def shared_out(boxes: Sequence[float], gpus: float, replicas: tuple[int, int], *, grows: bool = False) -> Share:
    """What each replica gets, of which there are from so many to so many, on machines with so many cores each.

    One GPU where there are ``gpus``; where these are fewer than replicas and do not become more, several share one.
    Without any, a share of the cores.
    """
    least, most = replicas
    cores = [one for one in boxes if one >= 1] or [1.0]
    on_one = math.ceil(most / len(cores))
    threads = max(1, int(min(cores)) // on_one)
    if gpus < 1:
        return Share(0.0, min(float(threads), min(cores) / on_one), threads)
    return Share(1 / (1 if grows else math.ceil(least / int(gpus))), 0.0, threads)
