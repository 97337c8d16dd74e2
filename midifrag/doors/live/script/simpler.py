"""A fragment becomes the sample of a Simpler."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, cast

from .messages import Land
from .objects import SimplerItem

if TYPE_CHECKING:
    from typing import Protocol  # novm: for type checkers alone

    from Live.SimplerDevice import SimplerDevice

    class ReplacesSample(Protocol):
        """What a Simpler can do from Live 12.4 on, which the types of Live's API do not know yet."""

        def replace_sample(self, __path: str) -> None:
            """Load the file at this absolute path."""


def put(item: SimplerItem, land: Land) -> None:
    """Replace the sample; not where ``land`` comes again and it, or a Set's copy, is there. Raises what Live does."""
    if land.again and base_name(sample_of(item.simpler)) == base_name(land.path):
        return
    cast("ReplacesSample", item.simpler).replace_sample(land.path)


def sample_of(simpler: SimplerDevice) -> str:
    """The file that it plays; empty where there is none."""
    sample = simpler.sample
    # An empty Simpler has none, whatever the types say.
    return sample.file_path if sample else ""


def is_sounding(simpler: SimplerDevice) -> bool:
    """As far as Live tells: while it shows a position in its sample."""
    return bool(getattr(simpler, "playing_position_enabled", False))


def same_file(one: str, other: str) -> bool:
    """Whether two paths are one, as this system writes them."""
    return os.path.normcase(os.path.normpath(one)) == os.path.normcase(os.path.normpath(other))


def base_name(path: str) -> str:
    """A file's name, to compare: it stays what it is where a Set collects its files, and no two copies share one."""
    return os.path.normcase(unicodedata.normalize("NFC", Path(path).name))
