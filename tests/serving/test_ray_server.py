"""One life of a server, with a Ray that a test has made up; on Ray itself, see test_on_ray.py."""

import asyncio
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

import midifrag.serving
from midifrag.errors import ModelError
from midifrag.serving import places, ray_server
from midifrag.serving.address import Address
from midifrag.serving.tokens import Tokens
from tests.support import PATIENCE

ADDRESS = Address("0.0.0.0", 8770)


class Engines:
    """The handle of a deployment whose only replica has so many jobs in flight, and takes that wait for their client.

    Each look finds one less.
    """

    def __init__(self, calls, flying=0, kept=0):
        self._calls, self._flying, self._kept = calls, flying, kept
        #: Seconds for which it was told last to take nothing.
        self.drains = None

    def __getattr__(self, name):
        return SimpleNamespace(remote=lambda *arguments, **_where: self._answer(name, arguments))

    async def _answer(self, name, arguments):
        self._calls.append(name)
        if name == "drain":
            [self.drains] = arguments
        if name == "left":
            left = self._flying, self._kept
            if self._flying:
                self._flying -= 1
            else:
                self._kept = max(0, self._kept - 1)
            return left
        return None


class Cluster:
    """Ray and Serve in one, as far as a server calls them."""

    def __init__(self, **there):
        self.calls, self.applications = [], {}
        #: Where Serve listens, where it runs already.
        self.http = None
        self.context = SimpleNamespace(_get_global_client=self._client)
        self.there = Engines(self.calls, **there)
        self.deployed = 0

    def _client(self, raise_if_no_controller_running):
        assert not raise_if_no_controller_running
        return None if self.http is None else SimpleNamespace(http_config=self.http)

    def nodes(self):
        return [{"Alive": True, "Resources": {"CPU": 4.0}}, {"Alive": False, "Resources": {"CPU": 64.0}}]

    def cluster_resources(self):
        return {"GPU": 2.0}

    def status(self):
        return SimpleNamespace(applications=self.applications)

    def start(self, http_options, **_logging):
        self.calls.append(("start", http_options))

    def run(self, application, **_named):
        self.deploy()
        self.calls.append(("run", application))

    def deploy(self):
        self.deployed += 1
        made = SimpleNamespace(last_deployed_time_s=self.deployed, deployments=["ways-in", "engines", "engines-open"])
        self.applications["midifrag"] = made

    def delete(self, name):
        del self.applications[name]
        self.calls.append(("delete", name))

    def get_deployment_handle(self, name, _application):
        assert name.startswith("engines")
        return self.there if name == "engines" else Engines([])


@pytest.fixture
def cluster(monkeypatch):
    made = Cluster()

    @contextmanager
    def joined(where):
        assert where == "10.0.0.4:6379"
        yield made, made

    monkeypatch.setattr(ray_server, "_of_a_cluster", joined)
    monkeypatch.setattr(ray_server, "LOOK", 0.0)
    monkeypatch.setattr(ray_server, "LOOK_AT_MODELS", 0.0)
    fake = SimpleNamespace(APPLICATION="midifrag", application=lambda plan, _tokens: plan)
    monkeypatch.setattr(midifrag.serving, "ray_app", fake, raising=False)
    places.note("engines", ("x",))
    yield made
    places.note("engines", ())


def planned(*machines):
    """A plan that says what it was made of."""
    return SimpleNamespace(machines=machines, drain_seconds=PATIENCE)


def running(planning=planned):
    return ray_server.running(ADDRESS, Tokens({}), planning, "10.0.0.4:6379")


def test_on_a_cluster_it_is_planned_by_the_machines_that_live_and_taken_away_at_the_end(cluster):
    with running():
        assert cluster.calls == [("start", ADDRESS.http_options()), ("run", planned([4.0], 2.0, True))]
    assert cluster.calls[-1] == ("delete", "midifrag")


def test_a_version_that_is_there_finishes_what_it_has_before_the_next_one_comes(cluster):
    cluster.deploy()
    cluster.there._flying = 3
    with running():
        order = [call if isinstance(call, str) else call[0] for call in cluster.calls]
        # Nobody is asked to end before it is known who there is; then until nothing is left.
        assert order == ["left", *["drain", "left"] * 3, "drain", "start", "run"]
        assert cluster.there.drains == ray_server.UPDATE


def test_one_that_has_taken_this_ones_place_is_left_alone(cluster):
    with running() as served:
        cluster.deploy()
        before = list(cluster.calls)
        served.drain(lambda: False)
    assert cluster.calls == before
    assert "midifrag" in cluster.applications


def test_where_serve_runs_already_its_address_counts(cluster):
    cluster.http = SimpleNamespace(host="0.0.0.0", port=8770, ssl_certfile="/studio.pem")
    with running() as served:
        assert served.url == "wss://0.0.0.0:8770"
    cluster.http.port = 8000
    with (
        pytest.raises(ModelError, match=r"already, at 0\.0\.0\.0:8000; serve with --host 0\.0\.0\.0 --port 8000"),
        running(),
    ):
        pass


def test_one_that_does_not_come_up_is_told(cluster, monkeypatch):
    def run(*_arguments, **_options):
        raise RuntimeError("no card")

    monkeypatch.setattr(cluster, "run", run)
    with pytest.raises(ModelError, match="The server did not come up: no card"), running():
        pass


@pytest.mark.parametrize("ends", [RuntimeError("no card"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", ["start", "run"])
def test_where_the_next_one_comes_to_nothing_the_one_that_is_there_takes_jobs_again(cluster, monkeypatch, at, ends):
    def broken(*_arguments, **_options):
        assert cluster.there.drains == ray_server.UPDATE
        raise ends

    cluster.deploy()
    monkeypatch.setattr(cluster, at, broken)
    with pytest.raises((ModelError, type(ends))), running():
        pass
    assert cluster.there.drains == 0.0
    assert "midifrag" in cluster.applications


def test_where_nobody_was_there_there_is_nothing_to_take_back(cluster, monkeypatch):
    monkeypatch.setattr(cluster, "start", lambda **_options: cluster.nothing)
    with pytest.raises(AttributeError, match="nothing"), running():
        pass
    assert cluster.calls == []


class Desk:
    def __init__(self, left):
        self.counts, self.said = iter(left), []

    async def left(self):
        self.said.append("left")
        return next(self.counts)

    async def drain(self, seconds):
        self.said.append(f"drain {seconds:g}")


@pytest.mark.parametrize(
    ("left", "looks"),
    [
        ([(0, 0)] * 2, 1),
        # What renders is waited for, and those who have not fetched it.
        ([(2, 0), (1, 0), (0, 2), (0, 2), (0, 1), (0, 0)], 5),
    ],
)
def test_it_ends_when_all_is_rendered_and_fetched(monkeypatch, left, looks):
    monkeypatch.setattr(ray_server, "LOOK", 0.0)
    monkeypatch.setattr(ray_server, "LOOK_AT_MODELS", 0.0)
    desk = Desk(left)
    asyncio.run(ray_server.drained(desk, PATIENCE))
    assert desk.said == ["left", *["drain 30", "left"] * looks, "drain 600"]


def test_what_nobody_fetches_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(ray_server, "LOOK_AT_MODELS", 0.0)
    desk = Desk([(0, 0), (0, 1), (0, 1), (0, 1)])
    asyncio.run(ray_server.drained(desk, 0.0))
    assert desk.said == ["left", "drain 30", "left", "drain 600"]


def test_who_hurries_does_not_wait(monkeypatch):
    monkeypatch.setattr(ray_server, "LOOK", 0.0)
    monkeypatch.setattr(ray_server, "LOOK_AT_MODELS", 0.0)
    desk, asked = Desk([(3, 0)] * 9), []
    asyncio.run(ray_server.drained(desk, PATIENCE, lambda: bool(asked.append(1)) or len(asked) > 2))
    assert desk.said == ["left", *["drain 30", "left"] * 3, "drain 600"]
