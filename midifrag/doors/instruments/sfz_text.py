"""What stands in SFZ files: one region a slot, and names of samples that no player stumbles over.

Opcodes as in the SFZ format's versions 1 and 2 (sfzformat.com): ``sample`` reads on to the next opcode or the end of
the line, so that ``$``, ``<``, backslashes, slashes and anything like `` key=`` in a name break it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from midifrag.fragment.file_names import SFZ_SAMPLES

#: The file with all slots.
ALL_SLOTS = "slots.sfz"
#: The folder of the samples, from an .sfz file on.
SAMPLES = SFZ_SAMPLES.rpartition("/")[2]
#: The most letters of a prompt in a name.
_MOST_LETTERS = 40
#: Seconds in which a loop ends, so that it does not click.
_RELEASE = 0.01
_NAME = re.compile(r"(\d\d)-(\d{4,})(?:-[a-z0-9-]+)?(?:\.[a-z0-9]+)?")
_REGION = re.compile(rf"^<region> .*sample={SAMPLES}/(\S+) loop_mode=(\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sample:
    """What a slot plays: a file's name among the samples, and whether it goes round."""

    name: str
    loop: bool


def slot_file(slot: int) -> str:
    """The file that has one slot alone."""
    return f"slot{slot:02d}.sfz"


def sample_name(slot: int, number: int, prompt: str, suffix: str) -> str:
    """A sample's name, such as ``03-0012-rain-on-tin.wav``: lower-case letters a–z, digits and hyphens only."""
    plain = unicodedata.normalize("NFKD", prompt).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:_MOST_LETTERS].strip("-")
    ending = re.sub(r"[^a-z0-9]", "", suffix.lower())
    return "-".join(filter(None, (f"{slot:02d}", f"{number:04d}", words))) + (f".{ending}" if ending else "")


def numbered(name: str) -> tuple[int, int] | None:
    """The slot and the number in a name that `sample_name` made; None for any other."""
    found = _NAME.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else None


def region(note: int, sample: Sample | None) -> str:
    """A slot's line; one without a sample is silent, as players refuse files without a region."""
    if sample is None:
        return f"<region> key={note} sample=*silence\n"
    ending = f"loop_continuous ampeg_release={_RELEASE}" if sample.loop else "one_shot"
    return f"<region> key={note} sample={SAMPLES}/{sample.name} loop_mode={ending}\n"


def file_of(regions: Iterable[str]) -> bytes:
    """A file of such lines. Its samples are read whole with it, so that no note is cut where a disk is busy."""
    return "".join(("<control> hint_ram_based=1\n", *regions)).encode()


def sample_in(text: str) -> Sample | None:
    """The sample of the first region that has one, of a file that `file_of` made."""
    found = _REGION.search(text)
    return Sample(found[1], found[2] != "one_shot") if found else None
