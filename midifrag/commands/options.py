"""Flags and arguments that several commands take, and the types of what is written at them."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import click

from midifrag.commands.common import nested


class Within(click.FloatRange):
    """A number within limits, and not one that is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """See `click.ParamType.convert`."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is no number", param, ctx)
        return number


def as_replicas(ctx: click.Context | None, param: click.Parameter | None, value: str | None) -> Any:
    """How many engines side by side, as `midifrag.config.serving` has it. Raises `click.BadParameter`."""
    from midifrag.config.serving import replicas_of

    try:
        return None if value is None else replicas_of(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error


def as_cluster(ctx: click.Context | None, param: click.Parameter | None, value: str | None) -> str | None:
    """Where a Ray cluster is: HOST:PORT of its head, or auto. Raises `click.BadParameter`."""
    host, _, port = (value or "").rpartition(":")
    if value not in (None, "auto") and not (host and port.isdecimal() and "/" not in host):
        message = f"{value} is no address of a cluster, such as 10.0.0.4:6379, and not auto"
        raise click.BadParameter(message, ctx, param)
    return value


class ServeCommand(click.Command):
    """A command whose ``--replicas`` may also be two numbers, one after the other."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See `click.Command.parse_args`."""
        for at, word in enumerate(args[:-2]):
            if word == "--replicas" and all(one.isdecimal() for one in args[at + 1 : at + 3]):
                args = [*args[: at + 1], "-".join(args[at + 1 : at + 3]), *args[at + 3 :]]
                break
        return super().parse_args(ctx, args)


class NewFile(click.Path):
    """A file to be written; a name that ends as a folder's does is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """See `click.ParamType.convert`."""
        if str(value).endswith(("/", os.sep)):
            self.fail(f"{value} is the name of a folder: name a file in it", param, ctx)
        return super().convert(value, param, ctx)


PATH = click.Path(path_type=Path)
#: Where the token of `midifrag serve` lies where nothing else is said.
TOKEN_FILE = Path(".midifrag") / "serve-token"
#: What a server of the command line is called in the set.
SERVER = "server"

config = click.argument(
    "path", required=False, type=PATH, help="The set: a presets.yaml, or its folder; default: the one in this folder."
)
fragments = click.option("--fragments", type=PATH, help="Folder of the slot files.")
model = click.option("--model", help="sketch, pocket, small, open, or one of your models.")
device = click.option("--device", help="auto, cpu, cuda, cuda:1, mps.")
precision = click.option("--precision", help="auto, fp16, bf16, fp32, fp8.")
server = click.option("--server", metavar="URL", help="Render on this server of midifrag serve, ws://… or wss://….")
server_token = click.option("--server-token", metavar="FILE", type=PATH, help="A copy of the server's token file.")
server_certificate = click.option(
    "--server-certificate", metavar="FILE", type=PATH, help="A copy of the server's certificate, of one's own making."
)
playback = click.option("--playback", metavar="DEVICE", help="Where it sounds: default, off, or an output's name.")
backend = click.option("--backend", help="A mido backend, e.g. mido.backends.rtmidi/UNIX_JACK.")
speed = click.option("--speed", type=Within(0.01, 100), default=1.0, help="1 is as written.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def wav_file(path: Path) -> Path:
    """``path``, if it is named as what is written there; raises `click.BadParameter`."""
    if path.suffix.lower() not in (".wav", ".wave"):
        raise click.BadParameter(f"{path} would be a WAV file all the same: name it {path.stem or 'sound'}.wav")
    return path


def settings_of(
    fragments: str | Path | None = None,
    device: str | Path | None = None,
    playback: str | Path | None = None,
    **others: str | Path | None,
) -> dict[str, Any]:
    """What the flags of commands that play set in a configuration."""
    folder = str(fragments) if fragments else None
    return nested(fragments__folder=folder, engine__device=device, playback__device=playback, **others)


def server_settings(
    url: str | None, token_file: Path | None, certificate: Path | None, model: str | Path | None
) -> dict[str, Any]:
    """What ``--server`` sets in a configuration: a server of that name, whose first model plays, or ``--model``."""
    if url is None:
        for flag, value in (("token", token_file), ("certificate", certificate)):
            if value is not None:
                raise click.BadParameter(f"it is the {flag} of --server: name that too", param_hint=f"--server-{flag}")
        return {}
    if token_file is None and TOKEN_FILE.is_file():
        token_file = TOKEN_FILE
    files = {"token_file": token_file, "certificate": certificate}
    said = {"url": url} | {key: str(path.absolute()) for key, path in files.items() if path is not None}
    return {"servers": {SERVER: said}, "model": SERVER if model is None else f"{SERVER}/{model}"}
