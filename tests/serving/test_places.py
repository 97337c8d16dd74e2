"""What is known of replicas, and by whom."""

import pickle

import pytest

from midifrag.serving import places
from midifrag.serving.ray_server import is_installed


def test_what_was_noted_last_counts():
    places.note("a deployment", ["x", "y"])
    places.note("a deployment", iter(["y"]))
    assert places.of("a deployment") == ("y",)
    assert places.of("another") == ()


@pytest.mark.skipif(not is_installed(), reason="needs the extra serve")
@pytest.mark.filterwarnings("ignore")
def test_a_router_that_ray_has_copied_tells_of_its_replicas_where_others_ask():
    from ray.serve.config import RequestRouterConfig

    from midifrag.serving import ray_routing

    copied = RequestRouterConfig(request_router_class=ray_routing.PATH).get_request_router_class()
    assert copied.update_replicas.__globals__["places"] is places
    assert pickle.loads(pickle.dumps(places.note)) is places.note
