"""Learn: what is touched on a controller is asked about, and what it does is written into the set."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from nicegui import ui

from midifrag.clock import monotonic
from midifrag.errors import EditConflictError
from midifrag.midi.messages import TransportChange
from midifrag.page import set_texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play
from midifrag.page.panels.saving import learn, take_back
from midifrag.show.learning import Learning
from midifrag.show.learning_edits import Step, Undo
from midifrag.show.learning_touches import QUIET_SECONDS

#: Lines of the conversation that are shown.
LINES = 12


class LearnPanel(Panel):
    """One browser's conversation. Others may learn at the same time: all hear what is touched, and each answers alone.

    It hears what the show hears, from the ports that the set has.
    """

    parts: ClassVar[frozenset[Part]] = frozenset({Part.MIDI, Part.TIME, Part.PORTS, Part.CONFIGURATION, Part.EDITS})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._learning: Learning | None = None
        self._heard = page.versions[Part.MIDI]
        self._touched = 0.0
        self._lines: deque[str] = deque(maxlen=LINES)
        with ui.element("div").classes("learn"):
            ui.label(set_texts.LEARN_HINT).classes("quiet")
            self._ports = ui.label().classes("lines learn-ports")
            self._begin = ui.button(on_click=self._turn).props("outline no-caps").classes("learn-begin")
            self._said = ui.label().classes("lines learn-said").props("role=status")
            self._question = ui.label().classes("learn-question")
            with ui.element("div").classes("learn-row"):
                self._answer = ui.input(set_texts.LEARN_ANSWER).props("outlined dense").classes("learn-answer")
                self._answer.on("keydown.enter", self._answered)
                self._send = ui.button(set_texts.LEARN_SEND, on_click=self._answered).props("unelevated no-caps")
                self._undo = ui.button(set_texts.LEARN_UNDO, on_click=self._take_back).props("flat no-caps")

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        new = self.page.versions[Part.MIDI] - self._heard
        self._heard += new
        learning = self._learning
        if learning is not None:
            learning.loaded = self.page.loaded
            self._hear(learning, new)
            pause = monotonic() - self._touched >= QUIET_SECONDS
            if learning.is_touched and not learning.waits and (pause or learning.is_full):
                self._touched = monotonic()
                self._say(learning.quiet())
        self._draw()

    def _hear(self, learning: Learning, new: int) -> None:
        """Take in what was touched while this is open: of a touch before that, nobody wants to know now."""
        for seen in list(self.page.midi)[-new:] if new else ():
            if seen.event is not None and not isinstance(seen.event, TransportChange):
                self._touched = monotonic()
                learning.heard(seen.event)

    def _draw(self) -> None:
        learning = self._learning
        ports = (port.text for port in self.page.view.ports.values() if port.direction == "in")
        self._ports.text = "\n".join(ports) or set_texts.LEARN_NO_PORT
        self._begin.text = set_texts.LEARN_START if learning is None else set_texts.LEARN_END
        self._said.text = "\n".join(self._lines)
        asked = None if learning is None else learning.question
        self._question.text = "" if learning is None else asked or set_texts.LEARN_LISTENS
        for element in (self._answer, self._send):
            element.set_enabled(asked is not None)
        self._undo.set_enabled(self.page.edits.last is not None)

    def _say(self, step: Step) -> None:
        self._lines.extend(step.says)
        if step.asks is not None:
            self._answer.set_autocomplete(list(step.choices))

    # --- what a performer does ---------------------------------------------------------------------------------------

    def _turn(self) -> None:
        self._learning = Learning(self.page.loaded) if self._learning is None else None
        self._draw()

    async def _answered(self) -> None:
        learning = self._learning
        if learning is None or learning.question is None:
            return
        text = str(self._answer.value or "")
        self._lines.append(f"{learning.question}: {text}")
        self._answer.value = ""
        learning.loaded = self.page.loaded
        step = learning.answered(text)
        self._say(step)
        if isinstance(step.edit, Undo):
            await self._take_back()
        elif step.edit is not None:
            place, problems = await learn(self.page, step.edit)
            self._tell(problems, set_texts.LEARN_WRITTEN.format(place=place))
        self._draw()

    async def _take_back(self) -> None:
        try:
            problems = await take_back(self.page)
        except EditConflictError as conflict:
            problems = {"": str(conflict)}
        self._tell(problems, set_texts.LEARN_UNDONE)
        self._draw()

    def _tell(self, problems: dict[str, str] | None, done: str) -> None:
        self._lines.extend([*problems.values(), set_texts.LEARN_REFUSED] if problems else [done])
