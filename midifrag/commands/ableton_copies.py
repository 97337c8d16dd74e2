"""``midifrag ableton tidy``: the copies of fragments that no Live Set uses any more, named and, when asked, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from midifrag.commands.common import explained, load_show
from midifrag.commands.console import err, say
from midifrag.config.folders import folder_problem
from midifrag.doors.live.asking import ask_used
from midifrag.doors.live.meeting import meeting_file
from midifrag.doors.live.tidying import Unused, delete, unused
from midifrag.errors import StorageError

_ADVICE = "Collect All and Save in Live keeps a Set's sounds with the Set, whatever becomes of these."


def tidy(path: Path | None, named: Sequence[str], yes: bool) -> None:
    """Name the copies that nothing refers to, ask, and delete them. Ends with 1 where it may not, or could not."""
    with explained():
        folders = [_folder(name) for name in named]
        folder = load_show(path, {}).copies_folder
        found = _look(folder, folders)
    _tell(folder, found)
    if not found.copies:
        return
    _check(found)
    what = f"{_copies(len(found.copies))} ({found.bytes / 1e6:.1f} MB)"
    if not yes and not click.confirm(f"Delete {what} for good?"):
        return
    with explained():
        # A Set may have been saved, or a copy been taken into it, while the question stood there.
        again = _look(folder, folders)
    _check(again)
    gone = sorted(set(again.copies).intersection(found.copies))
    errors = delete(gone)
    for error in errors:
        say(str(error), err)
    say(f"{_copies(len(gone) - len(errors))} deleted.")
    if errors:
        raise click.exceptions.Exit(1)


def _folder(name: str) -> Path:
    """A folder as it was named. Raises `StorageError`."""
    problem = folder_problem(name)
    if problem is not None:
        raise StorageError(f"--folder {problem}")
    return Path(name).expanduser()


def _check(found: Unused) -> None:
    """End with 1 where nothing may be deleted."""
    if found.why_not:
        say(f"Nothing is deleted: {found.why_not}.", err)
        raise click.exceptions.Exit(1)


def _look(folder: Path, folders: Sequence[Path]) -> Unused:
    return unused(folder, folders, lambda: ask_used(meeting_file()))


def _tell(folder: Path, found: Unused) -> None:
    live = "the Set that is loaded in Live" if found.asked else "no Live (none is connected to a running midifrag)"
    files = "one file" if found.sets == 1 else f"{found.sets} files"
    say(f"{_copies(found.looked_at)} in {folder}; asked were {live}, and {files} of Live's")
    if not found.copies:
        say("Each is used, lies in a slot, or is not as midifrag made it.")
        return
    say("Nothing refers to:")
    for copy in found.copies:
        say(f"  {copy.name}")
    say(_ADVICE)


def _copies(count: int) -> str:
    return "1 copy" if count == 1 else f"{count} copies"
