"""Which replicas there are, as far as this process has heard of them, by the deployment that they belong to.

A module of its own: Ray sends a router from process to process with a copy of all that its module holds, and what it
learns there is in that copy alone.
"""

from __future__ import annotations

from collections.abc import Iterable

_known: dict[str, tuple[str, ...]] = {}


def note(deployment: str, names: Iterable[str]) -> None:
    """Take in which replicas a deployment has now."""
    _known[deployment] = tuple(names)


def of(deployment: str) -> tuple[str, ...]:
    """The names of a deployment's replicas; none before its router was first asked for one."""
    return _known.get(deployment, ())
