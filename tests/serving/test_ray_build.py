"""The application as Serve's own commands build it, where the extra is installed; without Ray's processes."""

import os
from types import SimpleNamespace

import pytest

from midifrag.errors import ConfigurationError
from midifrag.serving.ray_server import is_installed
from tests.serving.asking import Desk
from tests.serving.puppet import TOKEN

pytestmark = [
    pytest.mark.skipif(not is_installed(), reason="needs the extra serve"),
    # It warns of its own ways when it is imported.
    pytest.mark.filterwarnings("ignore"),
]
NODES = [
    {"Alive": True, "Resources": {"CPU": 8.0, "GPU": 1.0}},
    {"Alive": False, "Resources": {"CPU": 1.0, "GPU": 9.0}},
]


@pytest.fixture
def build(tmp_path, monkeypatch):
    from midifrag.serving import ray_build

    monkeypatch.setattr(ray_build.ray, "nodes", lambda: NODES)
    (tmp_path / "tokens").write_text(f"ann: {TOKEN}\n")
    (tmp_path / "tokens").chmod(0o440)

    def made(**arguments):
        return ray_build.app(ray_build.Arguments.model_validate({"token_file": tmp_path / "tokens", **arguments}))

    return made


def deployments(application):
    """Those of the engines, by name."""
    bound = application._bound_deployment
    return {one._bound_deployment.name: one._bound_deployment for one in bound.init_args}, bound


def test_ways_in_are_two_and_engines_are_as_many_as_presses_need(build):
    engines, ways_in = deployments(build(models=["sketch"], replicas="1-4", device="cuda"))
    assert ways_in.num_replicas == 2
    [(name, one)] = engines.items()
    config = one._deployment_config
    assert name == "engines"
    assert (config.autoscaling_config.min_replicas, config.autoscaling_config.max_replicas) == (1, 4)
    assert config.autoscaling_config.target_ongoing_requests == 8
    assert one.ray_actor_options["num_gpus"] == 1
    assert config.graceful_shutdown_timeout_s >= 60


def test_a_fixed_number_is_not_scaled(build):
    engines, _ways_in = deployments(build(models=["sketch"], replicas=2))
    assert engines["engines"].num_replicas == 2
    assert engines["engines"]._deployment_config.autoscaling_config is None


def test_each_large_model_is_a_deployment_of_its_own(build, tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "opening.yaml").write_text("name: Opening\npads:\n  36: {prompt: rain}\n")
    (tmp_path / "presets.yaml").write_text("model: sketch\nserve: {large_gb: 0.000001}\n")
    engines, _ways_in = deployments(build(models=["sketch", "pocket"], set=str(tmp_path / "presets.yaml")))
    assert [name.startswith("engines-pocket") for name in engines] == [False, True]


@pytest.mark.skipif(os.name != "posix", reason="modes as Linux and macOS have them")
def test_tokens_that_all_may_read_are_refused(build, tmp_path):
    (tmp_path / "tokens").chmod(0o444)
    with pytest.raises(ConfigurationError, match="others may read it"):
        build(models=["sketch"])


def test_a_configuration_that_says_so_has_engines_take_no_new_jobs_until_one_says_otherwise(build):
    from midifrag.serving.ray_app import Engines

    jobs = Desk().jobs
    engines = object.__new__(Engines)
    engines._replica = SimpleNamespace(jobs=jobs)
    engines.reconfigure({"draining": True})
    assert jobs.draining
    # What counts where a configuration says nothing: Ray calls nobody for one that has come to be none.
    [one] = deployments(build(models=["sketch"]))[0].values()
    engines.reconfigure(one._deployment_config.user_config)
    assert not jobs.draining
