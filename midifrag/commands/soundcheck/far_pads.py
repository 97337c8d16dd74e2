"""What the line to a server means for each pad that is rendered there."""

from __future__ import annotations

from collections.abc import Iterator

from midifrag.boundary import length_of
from midifrag.commands.soundcheck.checks import Finding, note, ok
from midifrag.commands.soundcheck.rehearsal import Take
from midifrag.config.loading import Loaded
from midifrag.config.press_request import press_request
from midifrag.states import JobState


def what_the_line_means(loaded: Loaded, take: Take) -> Iterator[Finding]:
    """Until when a pad of a server has to be pressed to make its boundary, and who plays it otherwise."""
    settings, model = loaded.settings, take.asked.model
    taken = take.after("landed")
    if not settings.is_elsewhere(model) or take.job.state is not JobState.LANDED or taken is None:
        return
    if take.job.model and take.job.model != model:
        yield note(f"{take.job.model} played it: {model} did not answer, or not in time")
        return
    bank = next(one for one in loaded.banks if one.slug == take.bank.slug)
    pad = bank.pads[take.key]
    land = press_request(settings, bank, pad).landing.land
    quarters = length_of(land, settings.time.signature)
    there = f"{taken:.1f} s from {model} and back, landed"
    if quarters is None:
        yield ok(f"{there}; it lands when it is ready")
        return
    seconds = quarters * 60 / settings.tempo
    other = settings.engine.other_model
    plays = "it lands one later" if other is None or pad.on_lost == "wait" else f"{other} plays it"
    boundary = f"its boundary ({land}, {seconds:.1f} s)"
    if taken < seconds:
        yield ok(f"{there}: where no spare is ready and it is pressed later than that before {boundary}, {plays}")
        return
    keeps = "" if plays.startswith("it") else ", or `on_lost: wait` leaves it to its own model"
    yield note(
        f"{there}, longer than {boundary}: where no spare is ready, {plays}; a later boundary (land: 4 bars) is made"
        f"{keeps}"
    )
