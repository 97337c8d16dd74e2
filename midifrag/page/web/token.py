"""The token of a page that others can reach: it lies with the set, so that a tablet needs it once.

It goes with its file, or with ``midifrag run --new-page-token``; a browser that came with the old one then stays out.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from midifrag.config.loading import Loaded
from midifrag.config.shipped import shipped_path
from midifrag.fragment.files import OWN_FOLDER, discard
from midifrag.page import texts

#: The file that holds it, in our own folder beside presets.yaml.
FILE = "page-token"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,100}")


def lasting_token(loaded: Loaded, *, new: bool = False) -> tuple[str, str]:
    """The set's token, made where there is none or a ``new`` one is wanted, and a line if it could not be kept."""
    # Nobody's set is the one that comes with midifrag; what plays from it is told by its fragments.
    shipped = loaded.path.resolve() == shipped_path().resolve()
    folders = [loaded.fragments_folder] if shipped else [loaded.folder, loaded.fragments_folder]
    places = [folder / OWN_FOLDER / FILE for folder in folders]
    known = None if new else next(filter(None, map(_read, places)), None)
    if known is not None:
        return known, ""
    token = secrets.token_urlsafe(16)
    error = _write(token, places)
    return token, "" if error is None else texts.TOKEN_NOT_KEPT.format(folder=loaded.folder, error=error)


def _read(path: Path) -> str | None:
    """The token in a file; None if there is none that could be one."""
    try:
        if not path.is_file():
            return None
        with path.open(encoding="ascii") as file:
            text = file.read(1000).strip()
    except (OSError, ValueError):
        return None
    return text if _TOKEN.fullmatch(text) else None


def _write(token: str, places: Iterable[Path]) -> str | None:
    """Keep a token at the first place that takes it, and nowhere else.

    What went wrong if none does, or if a place before it keeps an old one, which would be found first.
    """
    error = None
    kept = is_hidden = False
    for path in places:
        if kept:
            discard(path)
            continue
        aside = path.with_name(f"{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            discard(aside)
            # Readable for its owner alone, from the first moment on.
            with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
                file.write(f"{token}\n")
            aside.replace(path)
            kept = True
        except OSError as failed:
            error = failed.strerror or str(failed)
            is_hidden = is_hidden or _read(path) is not None
            with contextlib.suppress(OSError):
                discard(aside)
    return None if kept and not is_hidden else error
