"""Which replica a request goes to: the one that its prompt is warm at, and where that is full the next.

Rendezvous hashing (D. Thaler, C. V. Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM
Transactions on Networking 6(1), 1998): each replica has a score for a request, the highest takes it. Everybody who
knows the replicas' names comes to the same order, and one that comes or goes moves no request but its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping


def key_of(model: str, prompt: str) -> str:
    """What requests have in common that are warm at the same replica."""
    return f"{model}\n{prompt}"


def ranked(key: str, replicas: Iterable[str], loads: Mapping[str, int], full: int, place: str = "") -> list[str]:
    """The names of ``replicas`` in the order in which a request should try them.

    ``loads`` are the jobs that each has, as far as that is known: those with ``full`` or more come last, the least
    loaded first. ``place`` is the replica that has the job already, and comes first where it is there.
    """
    names = sorted(replicas, key=lambda name: _score(key, name), reverse=True)
    free = [name for name in names if loads.get(name, 0) < full]
    others = sorted((name for name in names if loads.get(name, 0) >= full), key=lambda name: loads[name])
    order = free + others
    return [place, *(name for name in order if name != place)] if place in order else order


def _score(key: str, name: str) -> bytes:
    return hashlib.blake2b(f"{name}\n{key}".encode("utf-8", "replace"), digest_size=8).digest()
