"""How Ray is started: closed, and telling nobody."""

import os

from midifrag.serving import ray_settings
from midifrag.serving.grouping import Share
from midifrag.serving.ray_settings import environment, make_token


def test_ray_is_closed_and_tells_nobody(tmp_path):
    path = make_token(tmp_path)
    variables = environment(path)
    assert variables["RAY_USAGE_STATS_ENABLED"] == "0"
    # Else the folder that it is started in would travel with it.
    assert variables["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] == "0"
    assert (variables["RAY_AUTH_MODE"], variables["RAY_AUTH_TOKEN_PATH"]) == ("token", str(path))
    # What brings the processor time of a request down to where it may be.
    assert variables["RAY_SERVE_USE_GRPC_BY_DEFAULT"] == "1"
    assert variables["RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP"] == "0"
    assert all(isinstance(value, str) for value in variables.values())


def test_each_start_has_a_token_of_its_own_that_its_owner_alone_reads(tmp_path):
    (tmp_path / "other").mkdir()
    paths = [make_token(folder) for folder in (tmp_path, tmp_path / "other")]
    assert paths[0].read_text() != paths[1].read_text()
    assert len(paths[0].read_text()) == 64
    if os.name == "posix":
        assert paths[0].stat().st_mode & 0o777 == 0o600


def test_replicas_come_by_the_jobs_in_flight_quickly_and_go_slowly():
    said = ray_settings.scaling(1, 8, 4)
    assert (said["min_replicas"], said["max_replicas"], said["target_ongoing_requests"]) == (1, 8, 4)
    assert said["upscale_delay_s"] < 10 < said["downscale_delay_s"]


def test_a_replica_computes_with_the_threads_that_it_was_given():
    options = ray_settings.actor_options(Share(0.5, 0.0, 3))
    assert (options["num_gpus"], options["num_cpus"]) == (0.5, 0.0)
    assert options["runtime_env"]["env_vars"] == {"OMP_NUM_THREADS": "3"}
