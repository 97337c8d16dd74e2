"""What a server serves: its models, in which groups, and what each replica of them gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from midifrag.engine.protocol import Engine, EngineChoice
from midifrag.engine.registry import HostKind, create_engine
from midifrag.serving.grouping import Group, Share
from midifrag.serving.quotas import DRAIN_SECONDS, USUAL_QUOTA, Quota
from midifrag.serving.shelf import Shelf
from midifrag.serving.upload_limits import USUAL_LIMITS, UploadLimits

#: Nothing that Ray would have to find.
NO_SHARE = Share(0.0, 0.0, 1)


@dataclass(frozen=True)
class Plan:
    """What is served: ``choices`` by model, of which the first is the server's own, and their ``groups``.

    Each group has replicas of its own, from so many to so many, which are meant to have ``in_flight`` jobs each.
    ``sizes`` are the models' bytes, as far as they are known, and ``room`` what a replica holds of them at once;
    ``uploads`` says how much it takes of clients. At its end, a server waits ``drain_seconds`` at most.
    """

    choices: Mapping[str, EngineChoice]
    groups: tuple[Group, ...]
    host: HostKind = "process"
    replicas: tuple[int, int] = (1, 1)
    in_flight: int = 8
    share: Share = NO_SHARE
    quota: Quota = USUAL_QUOTA
    sizes: Mapping[str, int] = field(default_factory=dict)
    room: float = float("inf")
    uploads: UploadLimits = USUAL_LIMITS
    drain_seconds: float = DRAIN_SECONDS

    @property
    def models(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.choices)

    def engine(self, model: str) -> Engine:
        """The engine of one, not started yet."""
        return create_engine(self.choices[model], self.host)

    def shelf(self, group: Group) -> Shelf:
        """What a replica of a group has in memory."""
        return Shelf({model: self.sizes.get(model, 0) for model in group.models}, self.room)
