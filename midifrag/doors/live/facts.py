"""How a fragment is to be played in Live, from what is known of its job and its set."""

from __future__ import annotations

from midifrag.config.loading import Loaded
from midifrag.config.pads import Pad
from midifrag.doors.live.copy_record import Copy, Facts
from midifrag.doors.live.wire import Land
from midifrag.events import JobChanged
from midifrag.fragment.slot_content import SlotContent
from midifrag.surface.palette import COLOURS

#: The longest name that Live is given.
LONGEST_NAME = 200


def facts_of_job(loaded: Loaded, job: JobChanged) -> Facts:
    """What of a fragment its pad says, and the length that it was asked for in music."""
    bank = next((one for one in loaded.banks if one.slug == job.bank), None)
    pad = bank.pads.get(job.pad) if bank is not None and job.pad is not None else None
    return Facts(name=job.prompt, colour=_rgb(pad), loop=_loops(loaded, pad), quarters=job.asked_quarters)


def facts_of_content(loaded: Loaded, content: SlotContent | None) -> Facts:
    """What is known of a fragment of an earlier show."""
    return Facts(name=content.prompt if content is not None else "", loop=_loops(loaded, None))


def land(serial: int, copy: Copy, path: str, *, again: bool) -> Land:
    """What a script is told of a copy."""
    facts = copy.facts
    in_time = facts.quarters is not None and copy.seconds > 0
    return Land(
        serial=serial,
        slot=copy.slot,
        path=path,
        name=" ".join(facts.name.split())[:LONGEST_NAME],
        colour=facts.colour,
        seconds=copy.seconds,
        loop=facts.loop,
        bpm=facts.quarters * 60 / copy.seconds if facts.quarters is not None and in_time else None,
        beats=facts.quarters if in_time else None,
        again=again,
    )


def _loops(loaded: Loaded, pad: Pad | None) -> bool:
    return loaded.settings.fragments.options(pad.fragment if pad is not None else None).loop


def _rgb(pad: Pad | None) -> str | None:
    """A pad's colour as ``#RRGGBB``; None for one without, and for a pad that stays dark."""
    colour = COLOURS.get(pad.colour) if pad is not None and pad.colour is not None else None
    if colour is None or not any(colour.rgb):
        return None
    return "#" + "".join(f"{round(part * 255 / 127):02X}" for part in colour.rgb)
