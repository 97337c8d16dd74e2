"""The application for ``serve run``, ``serve deploy`` and Kubernetes: ``midifrag.serving.ray_build:app``."""

# Serve reads the annotations of a builder, so they are no strings here.

from pathlib import Path

import ray
from pydantic import BaseModel, ConfigDict, Field
from ray import serve

from midifrag.config.loading import load
from midifrag.config.serving import Replicas
from midifrag.config.shipped import shipped_path
from midifrag.serving.planning import planner
from midifrag.serving.ray_app import application
from midifrag.serving.tokens import read_tokens


class Arguments(BaseModel):
    """What stands under ``args`` in a Serve configuration file."""

    model_config = ConfigDict(extra="forbid")

    token_file: Path = Field(description="who may ask: a token a line, or NAME: TOKEN; the same on each machine")
    set: Path | None = Field(
        default=None, description="the set, presets.yaml, on each machine; default: the shipped one"
    )
    models: tuple[str, ...] = Field(default=(), description="what is served, instead of the set's model")
    replicas: Replicas | None = Field(default=None, description="instead of the set's: 2, or 1-8")
    device: str | None = Field(default=None, description="instead of the set's: cuda for a GPU each, cpu")


def app(arguments: Arguments) -> serve.Application:
    """What Serve deploys. Raises `midifrag.errors.MidifragError` for arguments that name nothing to be served."""
    flags = {} if arguments.device is None else {"engine": {"device": arguments.device}}
    loaded = load(arguments.set or shipped_path(), flags)
    names = arguments.models or (loaded.settings.model,)
    plan = planner(loaded, names, arguments.replicas)
    nodes = [one["Resources"] for one in ray.nodes() if one["Alive"]]
    boxes, gpus = [one.get("CPU", 0.0) for one in nodes], sum(one.get("GPU", 0.0) for one in nodes)
    return application(plan(boxes, gpus, True), read_tokens(arguments.token_file, may_group=True))
