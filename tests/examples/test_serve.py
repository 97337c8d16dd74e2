"""The example for clusters, as far as it can be looked at without one: what it names exists, and belongs together."""

import ast
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from midifrag.config.serving import replicas_of
from midifrag.engine.remote.calling import PATH
from midifrag.serving import ray_settings
from midifrag.serving.ray_server import is_installed

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "examples" / "serve"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
needs_ray = [
    pytest.mark.skipif(not is_installed(), reason="needs the extra serve"),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def objects():
    """What is in the YAML, by its kind."""
    text = (FOLDER / "ray-service.yaml").read_text(encoding="utf-8")
    return {one["kind"]: one for one in YAML(typ="safe").load_all(text)}


@pytest.fixture(scope="module")
def cluster(objects):
    return objects["RayService"]["spec"]["rayClusterConfig"]


@pytest.fixture(scope="module")
def config(objects):
    """What Serve is told."""
    return YAML(typ="safe").load(objects["RayService"]["spec"]["serveConfigV2"])


def pods(cluster):
    [workers] = cluster["workerGroupSpecs"]
    return [one["template"]["spec"] for one in (cluster["headGroupSpec"], workers)]


def test_every_machine_has_the_variables_that_a_cluster_needs(cluster):
    for pod in pods(cluster):
        said = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
        assert said.items() >= ray_settings.CLUSTER.items()
    assert cluster["authOptions"] == {"mode": "token"}


def test_a_worker_has_a_gpu_and_there_may_be_as_many_as_engines(cluster, config):
    [workers] = cluster["workerGroupSpecs"]
    resources = workers["template"]["spec"]["containers"][0]["resources"]
    assert {kind["nvidia.com/gpu"] for kind in resources.values()} == {"1"}
    arguments = config["applications"][0]["args"]
    assert replicas_of(arguments["replicas"]) == (workers["minReplicas"], workers["maxReplicas"])
    assert arguments["device"] == "cuda"
    # Engines are not for the head.
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"


def test_tokens_come_from_a_secret_that_the_servers_user_reads(cluster, config):
    path = Path(config["applications"][0]["args"]["token_file"])
    for pod in pods(cluster):
        mounts = {one["name"]: one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}
        [secret] = [one for one in pod["volumes"] if "secret" in one]
        assert mounts[secret["name"]] == str(path.parent)
        # Written with a zero before it, it is octal for Kubernetes, which reads YAML 1.1.
        assert secret["secret"]["secretName"] == "midifrag-tokens"
        assert "defaultMode: 0440" in (FOLDER / "ray-service.yaml").read_text(encoding="utf-8")
        assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsUser"]
    assert f"--from-file={path.name}" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_terminator_leads_to_the_line_and_to_nothing_else(objects, config):
    port = config["http_options"]["port"]
    spec = objects["Ingress"]["spec"]
    [rule] = spec["rules"]
    [path] = rule["http"]["paths"]
    assert (path["path"], path["pathType"]) == (PATH, "Exact")
    assert path["backend"]["service"] == {
        "name": f"{objects['RayService']['metadata']['name']}-serve-svc",
        "port": {"number": port},
    }
    assert [rule["host"]] == spec["tls"][0]["hosts"]
    _inside, outside = objects["NetworkPolicy"]["spec"]["ingress"]
    assert [one["port"] for one in outside["ports"]] == [port]


def test_the_application_is_one_that_there_is(config):
    module, _, name = config["applications"][0]["import_path"].partition(":")
    file = ROOT / f"{module.replace('.', '/')}.py"
    assert name in {
        one.name for one in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(one, ast.FunctionDef)
    }


@pytest.mark.parametrize("ray", [pytest.param(None, marks=needs_ray)])
def test_ray_itself_takes_it(config, cluster, ray):
    del ray
    from ray.serve.schema import ServeDeploySchema

    from midifrag.serving.ray_build import Arguments

    assert ServeDeploySchema.model_validate(config).applications[0].name == "midifrag"
    assert Arguments.model_validate(config["applications"][0]["args"]).models == ("open",)
    assert cluster["rayVersion"] == version("ray")


def test_what_the_image_copies_is_there_and_makes_the_package():
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    copied = [name for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE) for name in line.split()[:-1]]
    assert all((ROOT / name).exists() for name in copied)
    project = PROJECT["project"]
    needed = {
        project["readme"],
        *project["license-files"],
        *PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"],
    }
    needed |= set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"])
    assert needed <= set(copied)
    [sync] = re.findall(r"uv sync .*?--extra (\w+)", text)
    assert sync in project["optional-dependencies"]
    python = re.search(r"^FROM python:(\d+)\.(\d+)", text, re.MULTILINE)
    assert (int(python[1]), int(python[2])) >= (3, 11)


def test_what_the_readme_names_is_there():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert "**Untried.**" in text
    for name in re.findall(r"examples/serve/[\w.-]+", text):
        assert (ROOT / name).exists(), name
