"""``midifrag ableton``: what its commands are called; `ableton_script` and `ableton_copies` do the work."""

from __future__ import annotations

from pathlib import Path

import click

_PATH = click.Path(path_type=Path)
_library = click.option("--user-library", help="Live's User Library; default: where Live's own preferences say it is.")


@click.group()
def ableton() -> None:
    """Live's side of midifrag: put its script there, see how it stands, tidy up."""


@ableton.command()
@_library
def install(user_library: str | None) -> None:
    """Put midifrag's script into Live's User Library."""
    from midifrag.commands.ableton_script import install as put_there

    put_there(user_library)


@ableton.command()
@_library
def status(user_library: str | None) -> None:
    """Say whether the script is there, whether Live is connected, and what there stands for which slot."""
    from midifrag.commands.ableton_script import status as tell

    tell(user_library)


@ableton.command()
@_library
def remove(user_library: str | None) -> None:
    """Take midifrag's script out of Live's User Library."""
    from midifrag.commands.ableton_script import remove as take_out

    take_out(user_library)


@ableton.command()
@click.argument(
    "path", required=False, type=_PATH, help="The set: a presets.yaml, or its folder; default: the one in this folder."
)
@click.option("--folder", "folders", multiple=True, help="Where your Live Sets are, with all below; may be repeated.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
def tidy(path: Path | None, folders: tuple[str, ...], yes: bool) -> None:
    """Delete the copies of fragments that none of your Live Sets uses."""
    from midifrag.commands.ableton_copies import tidy as tidy_up

    tidy_up(path, folders, yes)
