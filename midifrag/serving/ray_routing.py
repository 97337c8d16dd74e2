"""The order of `midifrag.serving.ranking` for Ray Serve: all that uses its router, an API which Ray calls alpha."""

from __future__ import annotations

from ray.serve.request_router import PendingRequest, RequestRouter, RunningReplica

from midifrag.serving import places
from midifrag.serving.ranking import ranked

#: What `ray.serve.config.RequestRouterConfig` is told.
PATH = "midifrag.serving.ray_routing.Rendezvous"
#: The keyword of a call that says where it should go, as a `Where`: its key, and the replica that has the job.
WHERE = "where"


class Rendezvous(RequestRouter):  # type: ignore[misc]  # Ray's own, without types
    """Each call goes to the first replica of its ranking that takes it."""

    def initialize_state(self, full: int = 16) -> None:
        """``full`` is how many jobs one replica has before others come first."""
        self._full = full

    def update_replicas(self, replicas: list[RunningReplica]) -> None:
        """See `RequestRouter.update_replicas`."""
        super().update_replicas(replicas)
        places.note(self._deployment_id.name, (one.replica_id.unique_id for one in replicas))

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        """See `RequestRouter.choose_replicas`: one replica a rank."""
        key, place = "", ""
        if pending_request is not None:
            key, place = pending_request.kwargs.get(WHERE, (key, place))
            # Else where all are full it would try again and again, with nobody else's turn in between.
            pending_request.routing_context.should_backoff = True
        by_name = {one.replica_id.unique_id: one for one in candidate_replicas}
        cache = self.replica_queue_len_cache
        loads = {name: cache.get(one.replica_id) or 0 for name, one in by_name.items()}
        return [[by_name[name]] for name in ranked(key, by_name, loads, self._full, place)]
