"""Ray's router with our ranking, where the extra is installed; without Ray's processes."""

import asyncio
from types import SimpleNamespace

import pytest

from midifrag.serving.ranking import key_of, ranked
from midifrag.serving.ray_server import is_installed

pytestmark = [
    pytest.mark.skipif(not is_installed(), reason="needs the extra serve"),
    # It warns of its own ways when it is imported.
    pytest.mark.filterwarnings("ignore"),
]
NAMES = ["a", "b", "c"]


@pytest.fixture
def routing():
    from midifrag.serving import ray_routing

    return ray_routing


def order(routing, where, loads=None):
    """The replicas in the order in which a call tries them."""
    router = object.__new__(routing.Rendezvous)
    router.initialize_state(full=4)
    replicas = [SimpleNamespace(replica_id=SimpleNamespace(unique_id=name)) for name in NAMES]
    router._replica_queue_len_cache = SimpleNamespace(get=lambda replica: (loads or {}).get(replica.unique_id))
    pending = (
        None
        if where is None
        else SimpleNamespace(kwargs={"where": where}, routing_context=SimpleNamespace(should_backoff=False))
    )
    ranks = asyncio.run(router.choose_replicas(replicas, pending))
    assert pending is None or pending.routing_context.should_backoff
    assert all(len(rank) == 1 for rank in ranks)
    return [rank[0].replica_id.unique_id for rank in ranks]


def test_a_call_goes_as_the_ranking_says(routing):
    key = key_of("sketch", "bell")
    assert order(routing, (key, "")) == ranked(key, NAMES, {}, 4)
    first = order(routing, (key, ""))[0]
    assert order(routing, (key, ""), {first: 4})[-1] == first


def test_a_call_about_a_job_goes_where_that_is(routing):
    for name in NAMES:
        assert order(routing, ("", name), {name: 99})[0] == name


def test_a_call_that_says_nothing_goes_somewhere(routing):
    assert sorted(order(routing, None)) == NAMES
