"""The command line: what each command is called and which flags it takes; `midifrag.commands` does the work.

Each command imports what it needs itself: a list of ports shall not wait for what renders sounds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from midifrag.commands import options
from midifrag.commands.ableton import ableton
from midifrag.commands.common import DEFAULT_CONFIG, explained, load_show, nested, set_up_logging
from midifrag.commands.offline import clean, render, takes

if TYPE_CHECKING:
    from midifrag.config.serving import Range


class Commands(click.Group):
    """The commands in the order in which a performer meets them; Ctrl-C ends one as it ends any program."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See `click.Group.list_commands`."""
        del ctx
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """See `click.Group.invoke`."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise click.exceptions.Exit(130) from None


@click.group(
    name="midifrag",
    cls=Commands,
    context_settings={"show_default": True, "help_option_names": ["-h", "--help"]},
    help="Play a text-to-audio diffusion model like an instrument.",
)
@click.option("--verbose", is_flag=True, help="Say more about what happens inside.")
@click.version_option(package_name="midifrag", message="midifrag %(version)s", help="Print it.")
def app(verbose: bool) -> None:
    """What comes before every command."""
    set_up_logging(verbose)


@app.command()
@options.config
@options.fragments
@options.model
@options.device
@options.precision
@options.backend
@options.playback
@options.server
@options.server_token
@options.server_certificate
@click.option("--page-host", help="Address of the web page; others than loopback need a token.")
@click.option("--page-port", type=int, help="Port of the web page; 0 for any that is free.")
@click.option("--no-page", is_flag=True, help="No web page.")
@click.option("--new-page-token", is_flag=True, help="Browsers that came to the page with the old token stay out.")
def run(
    path: Path | None,
    page_host: str | None,
    page_port: int | None,
    no_page: bool,
    new_page_token: bool,
    server: str | None,
    server_token: Path | None,
    server_certificate: Path | None,
    **choices: str | Path | None,
) -> None:
    """Play: open the ports, load the model, serve until Ctrl-C."""
    from midifrag.commands import run as running

    page = nested(page__host=page_host, page__port=page_port, page__enabled=False if no_page else None)
    with explained():
        far = options.server_settings(server, server_token, server_certificate, choices.get("model"))
        loaded = load_show(path, options.settings_of(**choices) | page | far)
    running.run(loaded, new_page_token=new_page_token)


@app.command()
@click.argument("clip", type=options.PATH, help="A MIDI file, or a session log (.jsonl, .jsonl.gz).")
@options.config
@options.speed
@click.option("--port", help="Which of the set's ports it comes from; default: the first.")
@options.fragments
@options.model
@options.device
@options.precision
@options.playback
def play(clip: Path, path: Path | None, speed: float, port: str | None, **choices: str | Path | None) -> None:
    """Play a MIDI file into the set as if it came from the controller, or a show again from its log."""
    from midifrag.commands import run as running

    with explained():
        loaded = load_show(path, options.settings_of(**choices))
    running.play(loaded, clip, speed, port)


@app.command()
@options.fragments
@options.model
@options.playback
@options.as_json
@options.speed
def demo(fragments: Path | None, model: str | None, playback: str | None, as_json: bool, speed: float) -> None:
    """Hear it work, with nothing plugged in: a shipped clip plays the shipped set."""
    from midifrag.commands.demo import demo as play_demo
    from midifrag.config import loading
    from midifrag.config.shipped import shipped_path

    flags = options.settings_of(fragments=fragments or Path("fragments"), model=model, playback=playback)
    flags |= {"engine": {"spares": {"enabled": False}}}
    with explained():
        loaded = loading.load(shipped_path(), flags, environment={})
    play_demo(loaded, as_json, speed)


@app.command()
@click.argument("folder", type=options.PATH, help="A new folder for your set.")
def init(folder: Path) -> None:
    """Write a set of your own to start from, every key explained."""
    from midifrag.commands.init import init as write_set

    write_set(folder)


@app.command()
@options.config
def check(path: Path | None) -> None:
    """Say whether a set is right, with a line for every mistake."""
    from midifrag.commands.check import check as check_set

    with explained():
        check_set(load_show(path, {}))


@app.command()
@options.config
@options.fragments
@options.model
@options.device
@options.precision
@options.backend
@options.playback
@click.option("--quick", is_flag=True, help="Render nothing.")
@click.option("--yes", is_flag=True, help="Ask nothing: no lights.")
@click.option(
    "--cue-sheet",
    "sheet",
    type=options.NewFile(path_type=Path),
    default=Path("cue-sheet"),
    help="Where the cue sheet is written: a name.html or a name.pdf; a name alone: both.",
)
def soundcheck(path: Path | None, quick: bool, yes: bool, sheet: Path, **choices: str | Path | None) -> None:
    """Try all that a show needs, render each pad once, and say what would fail on stage."""
    from midifrag.commands.soundcheck.command import soundcheck as check_sound

    with explained():
        loaded = load_show(path, options.settings_of(**choices))
    check_sound(loaded, quick=quick, yes=yes, sheet=sheet)


@app.command()
def doctor() -> None:
    """Say what is installed, which devices there are, and what mends what is wrong with them."""
    from midifrag.commands.doctor import doctor as look

    look()


@app.command()
@options.backend
def ports(backend: str | None) -> None:
    """List the MIDI ports and the audio outputs there are."""
    from midifrag.commands.ports import ports as list_ports

    list_ports(backend)


@app.command()
@options.config
@options.backend
@click.option("--clock", is_flag=True, help="Show clock ticks too.")
def monitor(path: Path | None, backend: str | None, clock: bool) -> None:
    """Show what arrives on the set's ports and what it would do."""
    from midifrag.commands.monitor import monitor as watch_ports

    with explained():
        loaded = load_show(path, nested(backend=backend))
    watch_ports(loaded, clock)


@app.command()
@options.config
@options.backend
def learn(path: Path | None, backend: str | None) -> None:
    """Press a pad or turn a knob, say what it does, and it is written into the set."""
    from midifrag.commands.learn import learn as learn_set

    with explained():
        loaded = load_show(path, nested(backend=backend))
    learn_set(loaded)


@app.command()
@options.config
def models(path: Path | None) -> None:
    """List models, samplers and engines."""
    from midifrag.commands.models import models as list_models

    with explained():
        list_models(load_show(path, {}) if path or DEFAULT_CONFIG.exists() else None)


@app.command()
@click.argument("names", nargs=-1, help="Models of the set, or small or open; default: all that the set plays.")
@click.option("--set", "path", type=options.PATH, help="The set: a presets.yaml, or its folder.")
def fetch(names: tuple[str, ...], path: Path | None) -> None:
    """Bring models to this machine, so that they play without a network, and check them."""
    from midifrag.commands.fetch import fetch as fetch_models
    from midifrag.config.shipped import shipped_path

    with explained():
        loaded = load_show(path or (None if DEFAULT_CONFIG.exists() else shipped_path()), {})
    fetch_models(loaded, names)


@app.command(cls=options.ServeCommand)
@options.config
@click.option("--model", "models", multiple=True, help="What is served, instead of the set's model; also several.")
@click.option("--host", default="127.0.0.1", help="The address to serve at; 0.0.0.0 for every one of this machine.")
@click.option("--port", type=click.IntRange(1, 65535), default=8770, help="The port.")
@click.option(
    "--token-file",
    type=options.PATH,
    default=options.TOKEN_FILE,
    help="Who may ask: a token a line, or NAME: TOKEN. Made, readable by its owner alone, where there is none.",
)
@click.option(
    "--replicas",
    callback=options.as_replicas,
    metavar="N|MIN-MAX",
    help="Engines side by side, one a GPU: 2, or 1-8 for as many of these as presses need.",
)
@click.option("--certificate", type=options.PATH, help="Encrypt: the certificate of this machine, as PEM; with --key.")
@click.option("--key", type=options.PATH, help="The key of the certificate, as PEM without a password.")
@click.option(
    "--cluster",
    callback=options.as_cluster,
    metavar="ADDRESS",
    help="Serve on the Ray cluster at HOST:PORT, or auto: at RAY_ADDRESS, or the one that this machine is of.",
)
@click.option("--status", "asks", is_flag=True, help="Say how the server at this address stands, and end.")
def serve(
    path: Path | None,
    models: tuple[str, ...],
    host: str,
    port: int,
    token_file: Path,
    replicas: Range | None,
    certificate: Path | None,
    key: Path | None,
    cluster: str | None,
    asks: bool,
) -> None:
    """Render for shows on other machines, until Ctrl-C."""
    from midifrag.commands import serve as serving
    from midifrag.config.shipped import shipped_path
    from midifrag.serving.address import Address

    address = Address(host, port, certificate, key)
    if asks:
        serving.status(address, token_file)
        return
    with explained():
        loaded = load_show(path or (None if DEFAULT_CONFIG.exists() else shipped_path()), {})
    serving.serve(loaded, models, address, token_file, replicas, cluster)


@app.command(name="max")
@click.argument("folder", type=options.PATH, default=Path(), required=False, help="Where to; default: this folder.")
@click.option("--force", is_flag=True, help="Replace a device that is there, also one that was changed.")
def max_device(folder: Path, force: bool) -> None:
    """Copy the Max for Live device out, to be dragged onto a MIDI track of Live."""
    from midifrag.commands.max import copy_device

    with explained():
        copy_device(folder, force=force)


for apart in (render, clean, takes, ableton):
    app.add_command(apart)
