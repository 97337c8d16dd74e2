"""What is done with sounds and takes while no show runs: each command's flags; its module here does the work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from midifrag.commands import options
from midifrag.commands.common import DEFAULT_CONFIG, archive_folder, explained, load_show, nested
from midifrag.commands.parameter_options import given, with_parameter_options
from midifrag.fragment.search import Filters

if TYPE_CHECKING:
    from midifrag.config.loading import Loaded


@click.command()
@click.argument("prompt", help="What it should sound like.")
@click.option("-o", "--output", type=options.NewFile(path_type=Path), required=True, help="The WAV file to write.")
@options.model
@options.device
@options.precision
@click.option("--raw", is_flag=True, help="The take as it is, 24 bit, not trimmed and faded.")
@click.option(
    "--bpm",
    type=click.FloatRange(20, 400),
    help="Tempo of bars and beats, in quarter notes a minute; default: the set's.",
)
@click.option("--from", "source", type=options.PATH, help="A sound file that it begins from; see --strength.")
@with_parameter_options
def render(
    prompt: str,
    output: Path,
    source: Path | None,
    model: str | None,
    device: str | None,
    precision: str | None,
    raw: bool,
    bpm: float | None,
    **parameters: float | int | str | None,
) -> None:
    """Render one prompt into a file."""
    from midifrag.commands.render import render as render_prompt
    from midifrag.config.shipped import shipped_path

    with explained():
        wanted = given(parameters)
        path = None if DEFAULT_CONFIG.exists() else shipped_path()
        show = load_show(path, nested(model=model, engine__device=device, precision=precision, tempo=bpm))
    if not prompt.strip():
        raise click.BadParameter("the prompt is empty; say what it should sound like")
    render_prompt(prompt, options.wav_file(output), show, wanted, raw, source)


@click.command()
@click.argument("source", type=options.PATH, help="Any audio file.")
@click.argument("target", type=options.NewFile(path_type=Path), help="The WAV file to write.")
@click.option(
    "--silence-threshold-db", type=float, default=-40.0, help="Silence at the ends, relative to the loudest 10 ms."
)
@click.option("--fade-ms", type=float, default=10.0, help="Fade in and out.")
@click.option("--loudness", type=float, help="A loudness in LUFS instead of full peak.")
@click.option("--loop", is_flag=True, help="Crossfade the end into the beginning.")
@click.option("--no-trim", is_flag=True, help="Keep silence at the ends.")
@click.option("--bits", type=int, default=16, help="16 or 24.")
def clean(source: Path, target: Path, loudness: float | None, no_trim: bool, **given: float | int | bool) -> None:
    """Trim, fade and normalise any file like a fragment."""
    from midifrag.commands import clean as cleaning

    told = {} if loudness is None else {"normalise": "loudness", "loudness": loudness}
    with explained():
        cleaned = cleaning.options_of({**given, "trim": not no_trim, **told})
    cleaning.clean(source, options.wav_file(target), cleaned)


@click.command()
@click.argument("words", nargs=-1, help="A take's number, or words to find takes by.")
@click.option("--delete", is_flag=True, help="Move takes, by their numbers, to the archive's trash.")
@click.option("--restore", is_flag=True, help="Put takes of the trash back.")
@click.option("--trash", is_flag=True, help="Only takes in the trash.")
@click.option("--empty-trash", is_flag=True, help="Delete what lies in the trash for good, after a question.")
@click.option("--yes", is_flag=True, help="Empty the trash without asking.")
@click.option("--again", is_flag=True, help="Render the take once more from its record.")
@click.option("--star/--unstar", default=None, help="Mark the take, or take the mark away.")
@click.option("--note", help="Write a note on the take.")
@click.option("--analyse", is_flag=True, help="Find its tempo and where sounds begin.")
@click.option("--bank", help="Only takes of this bank.")
@click.option("--preset", help="Only takes of this preset.")
@click.option("--starred", is_flag=True, help="Only marked takes.")
@click.option("--limit", type=click.IntRange(min=1), default=20, help="At most so many.")
@click.option("--rebuild", is_flag=True, help="Build the index anew from the files.")
@options.fragments
@options.as_json
def takes(
    words: tuple[str, ...],
    again: bool,
    star: bool | None,
    note: str | None,
    analyse: bool,
    bank: str | None,
    preset: str | None,
    starred: bool,
    limit: int,
    rebuild: bool,
    delete: bool,
    restore: bool,
    trash: bool,
    empty_trash: bool,
    yes: bool,
    fragments: Path | None,
    as_json: bool,
) -> None:
    """List and find takes; with a number: show, mark, delete or render one again."""
    from midifrag.commands import takes as archive

    with explained():
        folder = archive_folder(fragments)
        show = load_show(None, {}) if (again or delete or empty_trash) and DEFAULT_CONFIG.exists() else None
    if delete or restore or empty_trash:
        _move(folder, words, show, delete=delete, restore=restore, yes=yes)
    elif rebuild:
        archive.rebuild(folder)
    elif len(words) == 1 and words[0].isdigit():
        archive.one(folder, int(words[0]), archive.Wanted(again, star, note, analyse), show, as_json)
    elif again or analyse or star is not None or note is not None:
        raise click.BadParameter("say which take, e.g. `midifrag takes 12 --again`")
    else:
        filters = Filters(bank=bank, preset=preset, starred=starred or None, trashed=trash)
        archive.find(folder, " ".join(words), limit, filters, as_json)


def _move(folder: Path, words: tuple[str, ...], show: Loaded | None, *, delete: bool, restore: bool, yes: bool) -> None:
    """Delete takes, put them back, or empty the trash."""
    from midifrag.commands import trash

    if not (delete or restore):
        if words:
            raise click.BadParameter("--empty-trash takes all that lies there; `midifrag takes --trash` lists it")
        trash.empty(folder, show, yes=yes)
        return
    if delete and restore:
        raise click.BadParameter("--delete and --restore are opposites; say one")
    if not words or not all(word.isdigit() for word in words):
        flag = "delete" if delete else "restore"
        raise click.BadParameter(f"say which takes, e.g. `midifrag takes 12 13 --{flag}`")
    numbers = list(dict.fromkeys(map(int, words)))
    if delete:
        trash.delete(folder, numbers, show)
    else:
        trash.restore(folder, numbers)
