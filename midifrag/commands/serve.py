"""``midifrag serve``: this machine's engines for shows on others, and how such a server stands."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from midifrag.commands.common import explained, stopping
from midifrag.commands.console import add_plain_row, err, out
from midifrag.config.loading import Loaded
from midifrag.config.names import none_of
from midifrag.config.serving import Range
from midifrag.errors import ConfigurationError, ModelError, Problem
from midifrag.serving import planning, ray_server
from midifrag.serving.address import Address
from midifrag.serving.tokens import read_tokens


def serve(
    loaded: Loaded,
    models: tuple[str, ...],
    address: Address,
    token_file: Path,
    replicas: Range | None = None,
    cluster: str | None = None,
) -> None:
    """Serve until Ctrl-C; then finish what is in flight, unless that is pressed again, and end."""
    with explained(), stopping() as stopped:
        names = models or (loaded.settings.model,)
        for name in names:
            _check(loaded, name)
        if not ray_server.is_installed():
            raise ModelError(ray_server.MISSING)
        _check_address(address, cluster)
        tokens = read_tokens(token_file)
        out.print(f"Starting; the token is in {token_file}", markup=False, soft_wrap=True)
        plan = planning.planner(loaded, names, replicas)
        with ray_server.running(address, tokens, plan, cluster) as served:
            where = "" if cluster is None else ", on each machine of the cluster that has a way in"
            out.print(f"Serving {', '.join(names)} at {served.url}{where}", markup=False, soft_wrap=True)
            stopped.wait()
            out.print("Finishing what is in flight; after another Ctrl-C it is not waited for", markup=False)
            stopped.clear()
            served.drain(stopped.is_set)


def status(address: Address, token_file: Path) -> None:
    """Print how a server stands; its certificate is the one that it has to have."""
    from midifrag.engine.remote.calling import look

    with explained():
        trusted = None if address.certificate is None else str(address.certificate)
        found = look(address.url, str(token_file), trusted)
    welcome, stands = found.welcome, found.status
    table = Table(box=None, header_style="dim", title_justify="left")
    connections = f"{stands.connections} connection{'' if stands.connections == 1 else 's'} at this way in"
    table.title = f"midifrag {welcome.server}, {connections}{', ending' if stands.draining else ''}"
    counted = ("replicas", "uploading", "queued", "rendering", "rendered", "failed")
    names = ("model", "state", *counted, "a step", "to audio", "")
    for name in names:
        table.add_column(name, overflow="fold")
    for one in stands.models:
        counts = (getattr(one, name) for name in counted)
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


def _check_address(address: Address, cluster: str | None) -> None:
    """Raise `ConfigurationError` for one that nothing can be served at."""
    if cluster is None:
        address.check()
    elif address.certificate is not None or address.key is not None:
        message = "a cluster has its certificate at whatever stands before it; see docs/serving.md"
        raise ConfigurationError([Problem("command line", None, "--certificate", message)])


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} ms"
