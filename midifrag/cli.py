"""The command line: what each command is called and which flags it takes; `midifrag.commands` does the work."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from midifrag.commands.common import explained, fragments_folders, load_show, nested, set_up_logging
from midifrag.commands.parameter_options import given, with_parameter_options
from midifrag.config import loading

app = typer.Typer(
    name="midifrag",
    help="Play a text-to-audio diffusion model like an instrument.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Config = Annotated[Path | None, typer.Argument(help="The set: a presets.yaml; default: the one in this folder.")]
Fragments = Annotated[Path | None, typer.Option("--fragments", help="Folder of the slot files.")]
ModelName = Annotated[str | None, typer.Option("--model", help="sketch, pocket, small, open, or one of your models.")]
Device = Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda, cuda:1, mps.")]
Precision = Annotated[str | None, typer.Option("--precision", help="auto, fp16, bf16, fp32.")]
Backend = Annotated[str | None, typer.Option("--backend", help="A mido backend, e.g. mido.backends.rtmidi/UNIX_JACK.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Say more about what happens inside.")]
PageHost = Annotated[str | None, typer.Option(help="Address of the web page; other than loopback needs a token.")]
PagePort = Annotated[int | None, typer.Option(help="Port of the web page; 0 for any that is free.")]
PlayFrom = Annotated[str | None, typer.Option("--port", help="The set's port it comes from; default: the first.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"midifrag {metadata.version('midifrag')}")
        raise typer.Exit


@app.callback()
def _main(
    verbose: Annotated[bool, typer.Option("--verbose", help="Say more about what happens inside.")] = False,
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_version, help="Print it.")] = False,
) -> None:
    del version
    set_up_logging(verbose)


@app.command()
def run(
    path: Config = None,
    fragments: Fragments = None,
    model: ModelName = None,
    device: Device = None,
    precision: Precision = None,
    backend: Backend = None,
    page_host: Annotated[
        str | None, typer.Option(help="Address of the web page; others than loopback need a token.")
    ] = None,
    page_port: PagePort = None,
    no_page: Annotated[bool, typer.Option("--no-page", help="No web page.")] = False,
) -> None:
    """Play: open the ports, load the model, serve until Ctrl-C."""
    from midifrag.commands import show

    flags = _flags(fragments, model, device, precision, backend)
    flags |= nested(page__host=page_host, page__port=page_port, page__enabled=False if no_page else None)
    with explained():
        loaded = load_show(path, flags)
    show.run(loaded)


@app.command()
def play(
    clip: Annotated[Path, typer.Argument(help="A MIDI file, or a session log (.jsonl).")],
    path: Config = None,
    speed: Annotated[float, typer.Option(min=0.01, max=100, help="1 is as written.")] = 1.0,
    port: Annotated[
        str | None, typer.Option(help="Which of the set's ports it comes from; default: the first.")
    ] = None,
    fragments: Fragments = None,
    model: ModelName = None,
    device: Device = None,
    precision: Precision = None,
) -> None:
    """Play a MIDI file into the set as if it came from the controller, or a show again from its log."""
    from midifrag.commands import show

    with explained():
        loaded = load_show(path, _flags(fragments, model, device, precision, None))
    show.play(loaded, clip, speed, port)


@app.command()
def demo(
    fragments: Fragments = None,
    model: ModelName = None,
    as_json: Json = False,
    speed: Annotated[float, typer.Option(min=0.01, max=100, help="1 is as written.")] = 1.0,
) -> None:
    """Hear it work, with nothing plugged in: a shipped clip plays the shipped set."""
    from midifrag.commands.demo import demo as play_demo

    flags = _flags(fragments or Path("fragments"), model, None, None, None)
    flags |= {"engine": {"spares": {"enabled": False}}}
    with explained():
        loaded = loading.load(loading.shipped_path(), flags, environment={})
    play_demo(loaded, as_json, speed)


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="A new folder for your set.")]) -> None:
    """Write a set of your own to start from, every key explained."""
    from midifrag.commands import setting_up

    setting_up.init(folder)


@app.command()
def check(path: Config = None) -> None:
    """Say whether a set is right, with a line for every mistake."""
    from midifrag.commands import setting_up

    with explained():
        setting_up.check(load_show(path, {}))


@app.command()
def ports(backend: Backend = None) -> None:
    """List the MIDI ports there are."""
    from midifrag.commands import setting_up

    setting_up.ports(backend)


@app.command()
def monitor(
    path: Config = None,
    backend: Backend = None,
    clock: Annotated[bool, typer.Option("--clock", help="Show clock ticks too.")] = False,
) -> None:
    """Show what arrives on the set's ports and what it would do."""
    from midifrag.commands import setting_up

    with explained():
        loaded = load_show(path, nested(backend=backend))
    setting_up.monitor(loaded, clock)


@app.command()
def models(path: Config = None) -> None:
    """List models, samplers and engines."""
    from midifrag.commands import setting_up
    from midifrag.commands.common import DEFAULT_CONFIG

    with explained():
        setting_up.models(load_show(path, {}) if path or DEFAULT_CONFIG.exists() else None)


@app.command()
@with_parameter_options
def render(
    prompt: Annotated[str, typer.Argument(help="What it should sound like.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The WAV file to write.")],
    model: ModelName = None,
    device: Device = None,
    precision: Precision = None,
    raw: Annotated[bool, typer.Option("--raw", help="The take as it is, 24 bit, not trimmed and faded.")] = False,
    **parameters: Any,
) -> None:
    """Render one prompt into a file."""
    from midifrag.commands import audio
    from midifrag.commands.common import DEFAULT_CONFIG

    with explained():
        wanted = given(parameters)
        path = None if DEFAULT_CONFIG.exists() else loading.shipped_path()
        show = load_show(path, nested(model=model, engine__device=device, precision=precision))
    if not prompt.strip():
        raise typer.BadParameter("the prompt is empty; say what it should sound like")
    audio.render(prompt, _wav(output), show, wanted, raw)


@app.command()
def clean(
    source: Annotated[Path, typer.Argument(help="Any audio file.")],
    target: Annotated[Path, typer.Argument(help="The WAV file to write.")],
    silence_threshold_db: Annotated[float, typer.Option(help="Silence at the ends, relative to the peak.")] = -40.0,
    fade_ms: Annotated[float, typer.Option(help="Fade in and out.")] = 10.0,
    loudness: Annotated[float | None, typer.Option(help="A loudness in LUFS instead of full peak.")] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Crossfade the end into the beginning.")] = False,
    no_trim: Annotated[bool, typer.Option("--no-trim", help="Keep silence at the ends.")] = False,
    bits: Annotated[int, typer.Option(help="16 or 24.")] = 16,
) -> None:
    """Trim, fade and normalise any file like a fragment."""
    from midifrag.commands import audio
    from midifrag.commands.common import options_of

    given: dict[str, Any] = {
        "silence_threshold_db": silence_threshold_db,
        "fade_ms": fade_ms,
        "loop": loop,
        "trim": not no_trim,
        "bits": bits,
    }
    given |= {} if loudness is None else {"normalise": "loudness", "loudness": loudness}
    with explained():
        options = options_of(given)
    audio.clean(source, _wav(target), options)


@app.command()
def takes(
    words: Annotated[list[str] | None, typer.Argument(help="A take's number, or words to find takes by.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Render the take once more from its record.")] = False,
    star: Annotated[bool | None, typer.Option("--star/--unstar", help="Mark the take, or take the mark away.")] = None,
    note: Annotated[str | None, typer.Option(help="Write a note on the take.")] = None,
    analyse: Annotated[bool, typer.Option("--analyse", help="Find its tempo and where sounds begin.")] = False,
    bank: Annotated[str | None, typer.Option(help="Only takes of this bank.")] = None,
    preset: Annotated[str | None, typer.Option(help="Only takes of this preset.")] = None,
    starred: Annotated[bool, typer.Option("--starred", help="Only marked takes.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build the index anew from the files.")] = False,
    fragments: Fragments = None,
    as_json: Json = False,
) -> None:
    """List and find takes; with a number: show, mark or render one again."""
    from midifrag.commands import takes as archive
    from midifrag.commands.common import DEFAULT_CONFIG
    from midifrag.fragment.archive_index import Filters

    with explained():
        _, folder = fragments_folders(fragments)
        show = load_show(None, {}) if DEFAULT_CONFIG.exists() else None
    if rebuild:
        archive.rebuild(folder)
    elif words and len(words) == 1 and words[0].isdigit():
        archive.one(folder, int(words[0]), archive.Wanted(again, star, note, analyse), show, as_json)
    elif again or analyse or star is not None or note is not None:
        raise typer.BadParameter("say which take, e.g. `midifrag takes 12 --again`")
    else:
        filters = Filters(bank=bank, preset=preset, starred=starred or None)
        archive.find(folder, " ".join(words or []), limit, filters, as_json)


def _wav(path: Path) -> Path:
    if path.suffix.lower() not in (".wav", ".wave"):
        raise typer.BadParameter(f"{path} would be a WAV file all the same: name it {path.stem or 'sound'}.wav")
    return path


def _flags(
    fragments: Path | None, model: str | None, device: str | None, precision: str | None, backend: str | None
) -> dict[str, Any]:
    return nested(
        fragments__folder=str(fragments) if fragments else None,
        model=model,
        engine__device=device,
        precision=precision,
        backend=backend,
    )
