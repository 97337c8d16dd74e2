"""``midifrag serve``: this machine's engines for shows on others, and how such a server stands."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from midifrag.commands.common import explained, stopping
from midifrag.commands.console import add_plain_row, err, out
from midifrag.config.loading import Loaded
from midifrag.config.names import none_of
from midifrag.engine.registry import engine_choice
from midifrag.errors import ConfigurationError, ModelError, Problem
from midifrag.serving import ray_server
from midifrag.serving.tokens import read_tokens

if TYPE_CHECKING:
    from midifrag.serving.ray_app import Plan


def serve(loaded: Loaded, models: tuple[str, ...], host: str, port: int, token_file: Path, replicas: int) -> None:
    """Serve until Ctrl-C; then finish what is in flight, and end."""
    with explained(), stopping() as stopped:
        names = models or (loaded.settings.model,)
        for name in names:
            _check(loaded, name)
        if not ray_server.is_installed():
            raise ModelError(ray_server.MISSING)
        _check_address(host, port)
        tokens = read_tokens(token_file)
        out.print(f"Starting; the token is in {token_file}", markup=False, soft_wrap=True)
        with ray_server.running(host, port, tokens, lambda has_gpu: _plan(loaded, names, replicas, has_gpu)) as drain:
            out.print(f"Serving {', '.join(names)} at {_url(host, port)}", markup=False, soft_wrap=True)
            stopped.wait()
            out.print("Finishing what is in flight", markup=False)
            drain()


def status(host: str, port: int, token_file: Path) -> None:
    """Print how a server stands."""
    from midifrag.engine.remote.calling import look

    with explained():
        found = look(_url(host, port), str(token_file))
    welcome, stands = found.welcome, found.status
    table = Table(box=None, header_style="dim", title_justify="left")
    connections = f"{stands.connections} connection{'' if stands.connections == 1 else 's'} at this way in"
    table.title = f"midifrag {welcome.server}, {connections}{', ending' if stands.draining else ''}"
    names = ("model", "state", "replicas", "queued", "rendering", "rendered", "failed", "a step", "to audio", "")
    for name in names:
        table.add_column(name, overflow="fold")
    for one in stands.models:
        counts = (one.replicas, one.queued, one.rendering, one.rendered, one.failed)
        times = (_milliseconds(one.step_ms), _milliseconds(one.audio_ms))
        add_plain_row(table, one.model, one.state, *map(str, counts), *times, one.text)
    out.print(table)
    if not stands.models:
        err.print("No engine of it answers.")


def _check(loaded: Loaded, name: str) -> None:
    if loaded.settings.is_elsewhere(name):
        message = f"{name} is on another server; name a model of this machine with --model"
    elif not loaded.settings.knows(name):
        message = none_of(name, loaded.settings.known_models)
    else:
        return
    raise ConfigurationError([Problem("command line", None, "--model", message)])


def _check_address(host: str, port: int) -> None:
    """Raise `ConfigurationError` for an address that is taken, or not this machine's."""
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            pass
    except OSError as error:
        message = f"{host}:{port} cannot be served at: {error.strerror or error}; choose another with --host and --port"
        raise ConfigurationError([Problem("command line", None, "", message)]) from error


def _url(host: str, port: int) -> str:
    return f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"


def _plan(loaded: Loaded, names: tuple[str, ...], replicas: int, has_gpu: bool) -> Plan:
    from midifrag.serving.ray_app import Plan

    wants_gpu = has_gpu and loaded.settings.engine.device != "cpu"
    options: Mapping[str, Any] = {"num_gpus": 1} if wants_gpu else {}
    choices = {name: engine_choice(loaded, name) for name in names}
    return Plan(choices, loaded.settings.engine.host, replicas, actor_options=options)


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} ms"
