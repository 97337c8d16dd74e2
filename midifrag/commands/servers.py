"""What the servers of a set have, for commands: each is asked once, and one that does not answer says why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from midifrag.config.loading import Loaded
from midifrag.config.servers import server_of
from midifrag.engine.line import messages as line
from midifrag.engine.remote.calling import Look, look
from midifrag.errors import ModelError


def looks(loaded: Loaded) -> dict[str, Look | ModelError]:
    """What each server of a set says, by its name here, or why it says nothing."""
    found: dict[str, Look | ModelError] = {}
    for name in loaded.settings.servers:
        # Not the name alone, which may be a model's of this machine, too.
        source = loaded.source(f"{name}/")
        try:
            found[name] = look(source["url"], source.get("token_file"), source.get("certificate"))
        except ModelError as error:
            found[name] = error
    return found


def rows(loaded: Loaded) -> Iterator[tuple[str, str, str, str]]:
    """A row for each model of each server: its name here, whether it is there, what it is, and where."""
    for name, said in looks(loaded).items():
        url = loaded.settings.servers[name].url
        if isinstance(said, ModelError):
            yield name, "no", str(said), url
            continue
        for status in said.status.models:
            info = said.infos.get(status.model)
            what = ""
            if info is not None:
                samplers = f"; {', '.join(info.samplers)}" if info.samplers else ""
                longest = f"up to {info.max_seconds:g} s" if info.max_seconds < float("inf") else "of any length"
                what = f"{info.device}, {info.precision}; {longest}{samplers}; {_taken(info)}"
            welcome = said.welcome
            limits = f"{welcome.in_flight} at once, {welcome.seconds_a_minute:g} s of audio a minute"
            yield f"{name}/{status.model}", status.state, "; ".join(filter(None, (what, limits))), url


def _taken(info: line.Info) -> str:
    """What may be uploaded for a model."""
    kinds = (("sounds", info.sound_bytes), ("LoRAs", info.lora_bytes))
    said = [f"{what} of up to {size / 1e6:g} MB" for what, size in kinds if size]
    return f"takes {' and '.join(said)}" if said else "takes no sounds and no LoRAs"


def doubts(loaded: Loaded, said: Mapping[str, Look | ModelError]) -> Iterator[tuple[str, str]]:
    """What is doubtful about each model that a set plays on a server, by its name; empty where nothing is."""
    settings = loaded.settings
    other = settings.engine.other_model
    meanwhile = f"; {other} plays until it does" if other else ""
    for model in sorted(filter(settings.is_elsewhere, loaded.limits)):
        name = server_of(model, settings.servers) or ""
        there, found = model.partition("/")[2], said[name]
        if isinstance(found, ModelError):
            yield model, f"servers.{name}: {found}{meanwhile}"
        elif there and there not in found.welcome.models:
            yield model, f"{model}: {name} has no model {there!r}; it has {', '.join(found.welcome.models)}"
        else:
            states = {one.model: one.state for one in found.status.models}
            state = states.get(there or next(iter(found.welcome.models), ""), "away")
            yield model, "" if state == "ready" else f"{model}: it is {state} there{meanwhile}"
