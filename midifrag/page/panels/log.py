"""The log of what was asked for: what is on its way, and what became of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, assert_never

from nicegui import ui

from midifrag.events import JobChanged
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play
from midifrag.states import JobState

#: Lines of the log, and how many of them are for what is on its way.
LOG_LINES, ON_THE_WAY = 30, 2


class LogPanel(Panel):
    """The newest lines at the top, but for what went wrong and nobody has seen, which stands above them."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.JOBS, Part.FINISHED, Part.FAILURES})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        with ui.element("div").classes("log").props(f'role=log tabindex=0 aria-label="{texts.LOG}"'):
            self._lines = [ui.label().classes("log-line") for _ in range(LOG_LINES)]
        self._lines[0].text = texts.LOG_EMPTY

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        jobs = sorted(self.page.view.jobs.values(), key=lambda job: job.job)
        unseen = [one.job for one in self.page.failures.unseen if one.job is not None]
        others = (job for job in reversed(self.page.view.finished) if job not in unseen)
        shown = (*jobs[:ON_THE_WAY], *unseen, *others)
        for label, job in zip(self._lines, shown, strict=False):
            text, kind = line_of(job)
            label.text = text
            label.classes(replace=f"log-line {kind}")


def line_of(job: JobChanged) -> tuple[str, str]:
    """A job as a line of the log, and what kind of line it is."""
    state = str(job.state)
    match job.state:
        case JobState.QUEUED:
            text = texts.LOG_QUEUED.format(state=state, prompt=job.prompt)
        case JobState.RENDERING:
            words = texts.LOG_RUNNING if job.of else texts.LOG_QUEUED
            text = words.format(state=state, step=job.step, of=job.of, prompt=job.prompt)
        case JobState.LANDED:
            text = texts.LOG_LANDED.format(
                seconds=job.times.until_landed or 0.0,
                spare=texts.LOG_SPARE if job.spare else "",
                fragment=Path(job.file or "").name,
                archived=job.archived or "",
                prompt=job.prompt,
            )
        case JobState.WAITING | JobState.HELD | JobState.REFUSED | JobState.FAILED | JobState.CANCELLED:
            text = texts.LOG_ENDED.format(state=state, prompt=job.prompt, text=job.text)
        case _:
            assert_never(job.state)
    return text, state
