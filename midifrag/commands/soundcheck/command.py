"""``midifrag soundcheck``: everything is looked at, each pad is rendered once, and what would fail on stage is said."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from midifrag.commands.common import explained
from midifrag.commands.console import out, say
from midifrag.commands.soundcheck.checks import Finding, Outcome, fault, look_at, note, ok
from midifrag.commands.soundcheck.leds import leds
from midifrag.config.loading import Loaded
from midifrag.errors import MidifragError

if TYPE_CHECKING:
    from midifrag.commands.soundcheck.rehearsal import Take

_MARKS = {Outcome.OK: "  ", Outcome.NOTE: "- ", Outcome.FAULT: "! "}


def soundcheck(loaded: Loaded, *, quick: bool, yes: bool, sheet: Path) -> None:
    """Look at everything, render each pad unless ``quick``, ask for lights unless ``yes``. Ends with 1 at a fault."""
    with explained():
        told: Counter[Outcome] = Counter()
        for name, finding in look_at(loaded):
            told[_tell(name, finding)] += 1
        if not yes and sys.stdin.isatty():
            for finding in leds(loaded, lambda question: click.confirm(question, default=True)):
                told[_tell("lights", finding)] += 1
        if not quick:
            told += _render(loaded, sheet)
        faults, notes = told[Outcome.FAULT], told[Outcome.NOTE]
        out.print()
        say(f"{'Something would fail on stage' if faults else 'Ready'}: {faults} faults, {notes} notes")
    if faults:
        raise click.exceptions.Exit(1)


def _tell(name: str, finding: Finding) -> Outcome:
    say(f"{_MARKS[finding.outcome]}{name:<9} {finding.text}")
    return finding.outcome


def _render(loaded: Loaded, sheet: Path) -> Counter[Outcome]:
    """Render every pad, say how long it took and what was heard, and write the cue sheet."""
    from midifrag.commands.soundcheck import hearing
    from midifrag.commands.soundcheck.far_pads import what_the_line_means
    from midifrag.commands.soundcheck.rehearsal import rehearse

    told: Counter[Outcome] = Counter()
    takes: list[Take] = []
    notes: dict[str, list[str]] = defaultdict(list)

    def tell(take: Take, findings: Iterable[Finding]) -> None:
        for finding in findings:
            told[_tell("", finding)] += 1
            notes[take.name].append(finding.text)

    out.print()
    say("pad                 queued  rendered    landed     heard  prompt")
    with tempfile.TemporaryDirectory(prefix="midifrag-soundcheck-", ignore_cleanup_errors=True) as folder:
        try:
            for take in rehearse(loaded, Path(folder)):
                takes.append(take)
                say(f"{take.name:<16}{_times(take)}  {take.asked.preset.prompt}")
                late = hearing.late(loaded, take)
                heard, far = hearing.what_was_heard(take), what_the_line_means(loaded, take)
                tell(take, [*heard, *far, *([late] if late else [])])
        except MidifragError as error:
            told[_tell("render", fault(str(error)))] += 1
    for why in dict.fromkeys(take.unheard for take in takes if take.unheard):
        told[_tell("heard", (note if loaded.settings.playback.is_on else ok)(f"not measured: {why}"))] += 1
    for one, other, likeness in hearing.alike(takes):
        same = f"{one.name} and {other.name} sound the same ({likeness:.2f}); other words or another seed part them"
        told[_tell("alike", note(same))] += 1
        notes[one.name].append(same)
    if takes:
        told += _write(loaded, sheet, takes, notes)
    return told


def _write(loaded: Loaded, sheet: Path, takes: Sequence[Take], notes: Mapping[str, Sequence[str]]) -> Counter[Outcome]:
    """Write the cue sheet's files; where one cannot be written, the other one is."""
    from midifrag.commands.soundcheck.cue_rows import sections
    from midifrag.commands.soundcheck.cue_sheet import files_of, write_cue_sheet

    told: Counter[Outcome] = Counter()
    pads = sections(loaded.banks, takes, notes)
    path = loaded.path.absolute()
    out.print()
    for file in files_of(sheet):
        try:
            write_cue_sheet(file, f"Cue sheet of {path.parent.name or path.name}", pads)
        except MidifragError as error:
            told[_tell("cue sheet", note(f"{error}; --cue-sheet says another place"))] += 1
        else:
            say(f"{file} is the cue sheet")
    return told


def _times(take: Take) -> str:
    """The moments of a take in columns, in seconds after its press."""
    moments = (*map(take.after, ("queued", "rendered", "landed")), take.heard)
    return "".join(f"{'-' if moment is None else f'{moment:.2f} s':>10}" for moment in moments)
