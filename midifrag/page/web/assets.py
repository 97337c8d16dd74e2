"""The page's own looks and scripts. A browser fetches each once: its address changes with what it holds."""

from __future__ import annotations

import functools
import gzip
import hashlib
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

#: What they are, in the order in which a page loads them: the last of the looks wins.
LOOKS, SCRIPTS = ("page.css", "rooms.css", "sizes.css"), ("page.js", "pads.js", "drafts.js", "player.js", "beats.js")
#: Characters of a version.
_LENGTH = 16
_KINDS = {".css": "text/css", ".js": "text/javascript"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as browsers get it: ``packed`` is it as gzip, ``version`` changes with its content."""

    kind: str
    body: bytes
    packed: bytes
    version: str


@functools.cache
def assets() -> Mapping[str, Asset]:
    """All of them by name, read and packed once."""
    return {name: _read(Path(__file__).with_name(name)) for name in (*LOOKS, *SCRIPTS)}


def address(name: str) -> str:
    """Where a page fetches one, as it is now."""
    return f"/{name}?v={assets()[name].version}"


def head(words: Mapping[str, str]) -> str:
    """What a page's head has to say to load them; ``words`` are the texts that scripts show."""
    looks = [f'<link rel="stylesheet" href="{address(name)}">' for name in LOOKS]
    said = html.escape(json.dumps(dict(words)))
    scripts = [f'<script defer src="{address(name)}" data-words="{said}"></script>' for name in SCRIPTS]
    return "\n".join([*looks, *scripts])


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    version = hashlib.sha256(body).hexdigest()[:_LENGTH]
    # Without a time in it, it is the same at each start.
    return Asset(_KINDS[path.suffix], body, gzip.compress(body, mtime=0), version)
