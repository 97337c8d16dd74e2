"""Who may ask: tokens in a file that its owner alone reads, one a line, each with a name where it is shared out."""

from __future__ import annotations

import contextlib
import hmac
import os
import re
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from midifrag.errors import ConfigurationError, Problem
from midifrag.fragment.files import discard

_LINE = re.compile(r"(?:(?P<name>[\w.-]{1,64})\s*:\s*)?(?P<token>[A-Za-z0-9_-]{20,200})", re.ASCII)
#: What the only token of a file is called.
USUAL_NAME = "performer"
_MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens by the name of who has them."""

    by_name: dict[str, str] = field(repr=False)

    def owner(self, token: str) -> str | None:
        """Whose token this is; None for nobody's. Takes as long for a wrong one as for a right one."""
        asked, found = token.encode("utf-8", "replace"), None
        for name, known in self.by_name.items():
            if hmac.compare_digest(asked, known.encode()):
                found = name
        return found


def read_tokens(path: Path, *, may_group: bool = False) -> Tokens:
    """The tokens of a file; one is made, for its owner's eyes alone, where there is none yet.

    Each line is a token, or ``name: token``. ``may_group`` says that its group may read it too, as a secret's that a
    cluster puts there. Raises `ConfigurationError`.
    """
    try:
        if not path.exists():
            _make(path)
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & (0o037 if may_group else 0o077):
            raise _wrong(path, None, f"others may read it; run: chmod 600 {path}")
        with path.open(encoding="ascii") as file:
            text = file.read(_MOST_BYTES)
    except OSError as error:
        raise _wrong(path, None, error.strerror or str(error)) from error
    except UnicodeDecodeError:
        raise _wrong(path, None, "it holds no tokens: a token is of letters, digits, - and _") from None
    return Tokens(dict(_each(path, text)))


def _each(path: Path, text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise _wrong(path, number, "is no token: 20 letters, digits, - and _ at least, or name: token")
        name = match["name"] or (USUAL_NAME if not found else f"{USUAL_NAME}-{number}")
        if name in dict(found):
            raise _wrong(path, number, f"{name} stands there twice; each token has a name of its own")
        found.append((name, match["token"]))
    if not found:
        raise _wrong(path, None, "it holds no token; delete it, and `midifrag serve` makes one")
    return found


def _make(path: Path) -> None:
    aside = path.with_name(f"{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    discard(aside)
    try:
        # Readable for its owner alone, from the first moment on.
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(f"{secrets.token_urlsafe(32)}\n")
        aside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            discard(aside)
        raise


def _wrong(path: Path, line: int | None, message: str) -> ConfigurationError:
    return ConfigurationError([Problem(str(path), line, "", message)])
