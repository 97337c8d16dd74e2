"""Controls and engine: every live value, what is queued and renders, how quick it is, what MIDI brings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from nicegui import events, ui

from midifrag.config.controls import Control
from midifrag.config.parameters import Parameter
from midifrag.config.targets import PARAMETER_TARGETS, lora_target, target
from midifrag.config.used_loras import names_in
from midifrag.events import JobChanged
from midifrag.intents import CancelJob, ClearQueue, ResetValues, SetParameter
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.latency import Latencies
from midifrag.page.panels.monitor import Monitor
from midifrag.page.panels.panel import Panel, Play, engine_line, icon_button, lands_in
from midifrag.page.panels.sounding import sound_line
from midifrag.states import JobState

#: Jobs and messages that are shown.
JOBS, NOTICES = 5, 8


class _Value:
    """One live parameter: its value, a slider to set it, a button to give it back."""

    def __init__(self, page: PageModel, parameter: Parameter) -> None:
        self._page, self._parameter = page, parameter
        with ui.element("div").classes("value") as self._line:
            ui.label(parameter.label).classes("value-name")
            low, high = parameter.slider
            self._slider = ui.slider(
                min=low, max=high, step=parameter.step or (1 if parameter.whole else 0.01), value=low
            )
            self._slider.props["aria-label"] = parameter.label
            self._slider.on("change", self._set, args=[None])
            self._text = ui.label(texts.FROM_PRESETS).classes("value-text")
            self._back = icon_button("settings_backup_restore", texts.GIVE_BACK)
            self._back.on_click(lambda: page.put(SetParameter(parameter.name, None)))

    def show(self, control: Control | None) -> None:
        low, high = sorted(control.range) if control else self._parameter.slider
        changed = self._page.view.controls.get(self._parameter.name)
        value = changed.value if changed else None
        if value is not None:
            low, high = min(low, value), max(high, value)
        if (self._slider.props["min"], self._slider.props["max"]) != (low, high):
            self._slider.props["min"], self._slider.props["max"] = low, high
        unit = f" {self._parameter.unit}" if self._parameter.unit else ""
        self._text.text = texts.FROM_PRESETS if value is None else f"{_shown(value)}{unit}"
        self._line.classes(replace="value unset" if value is None else "value")
        if changed is not None and changed.waiting:
            self._text.text += f" · {texts.WAITING}"
        self._text.classes(replace="value-text" if value is None else "value-text set")
        self._back.set_enabled(value is not None)
        self._slider.value = low if value is None else value

    def _set(self, event: events.GenericEventArguments) -> None:
        low, high = self._parameter.limits
        value = self._parameter.rounded(min(max(float(event.args), low), high))
        self._page.put(SetParameter(self._parameter.name, round(value, 4)))


class _JobRow:
    """One job that is queued or renders."""

    def __init__(self, page: PageModel) -> None:
        self._job: JobChanged | None = None
        with ui.element("div").classes("job") as self._row:
            self._state = ui.label().classes("job-state")
            self._prompt = ui.label().classes("job-prompt")
            self._step = ui.label().classes("job-step")
            self._cancel = icon_button("close", texts.CANCEL_JOB)
            self._cancel.on_click(lambda: page.put(CancelJob(self._job.job)) if self._job else None)

    def show(self, job: JobChanged | None, landing: float | None) -> None:
        self._job = job
        self._row.classes(replace="job empty" if job is None else "job")
        if job is None:
            return
        self._state.text = str(job.state)
        self._prompt.text = job.prompt
        step = texts.JOB_STEP.format(step=job.step, of=job.of) if job.of else ""
        self._step.text = "  ".join(filter(None, (step, lands_in(landing))))
        share = f"{100 * job.step / job.of:.0f}%" if job.state is JobState.RENDERING and job.of else "0%"
        self._row.style(replace=f"--progress: {share}")


class EnginePanel(Panel):
    """The second page of an instrument: what one looks at when setting up, or when something is odd."""

    parts: ClassVar[frozenset[Part]] = frozenset(Part) - {
        Part.PADS,
        Part.SLOTS,
        Part.SOUNDING,
        Part.METERS,
        Part.TAKES,
        Part.EDITS,
    }

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        with ui.element("div").classes("engine-boxes"):
            with _box(texts.CONTROLS):
                self._values = {name: _Value(page, target.parameter) for name, target in PARAMETER_TARGETS.items()}
                self._lora_box = ui.element("div").classes("values-loras")
                self._loras: dict[str, _Value] = {}
                self._offer_loras()
                self._of_pads = ui.label().classes("of-pads")
                self._reset = ui.button(texts.GIVE_ALL_BACK, on_click=lambda: page.put(ResetValues()))
                self._reset.props("outline no-caps").classes("reset")
            with _box(texts.IN_FLIGHT):
                self._nothing = ui.label(texts.NOTHING_QUEUED).classes("quiet nothing")
                self._jobs = [_JobRow(page) for _ in range(JOBS)]
                clear = ui.button(texts.CLEAR_QUEUE, on_click=lambda: page.put(ClearQueue()))
                clear.props("outline no-caps").classes("clear")
            with _box(texts.LATENCIES):
                self._latencies = Latencies()
            with _box(texts.DEVICE):
                self._device = ui.label().classes("lines")
                self._ports = ui.label().classes("lines")
            with _box(texts.MONITOR):
                self._monitor = Monitor()
            with _box(texts.WARNINGS):
                self._notices = [ui.label().classes("message") for _ in range(NOTICES)]
                self._notices[0].text = texts.NO_NOTICE

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        self._show_controls()
        self._show_jobs()
        self._latencies.show(self.page.view)
        self._show_device()
        self._monitor.show(self.page.midi)
        notices = list(self.page.view.notices)[: -NOTICES - 1 : -1]
        for label, notice in zip(self._notices, notices, strict=False):
            label.text = notice.text
            label.classes(replace=f"message {notice.level}")

    def _show_controls(self) -> None:
        bank = self.page.bank
        controls = {str(control.sets): control for control in self.page.loaded.settings.controls}
        controls |= {str(control.sets): control for control in (bank.controls if bank else ())}
        self._offer_loras()
        for name, value in (*self._values.items(), *self._loras.items()):
            value.show(controls.get(name))
        self._of_pads.text = "\n".join(self._lines_of_pads())
        shared = [one for one in self.page.view.controls.values() if one.value is not None]
        self._reset.set_enabled(bool(shared or self.page.view.pad_values))

    def _offer_loras(self) -> None:
        """A value for each LoRA that the bank's pads play."""
        bank = self.page.bank
        names = tuple(dict.fromkeys(names_in(self.page.loaded.settings, bank))) if bank else ()
        if names == tuple(self._loras):
            return
        self._lora_box.clear()
        with self._lora_box:
            self._loras = {name: _Value(self.page, lora_target(name).parameter) for name in names}

    def _lines_of_pads(self) -> Iterator[str]:
        """The values that single pads of the bank have alone."""
        bank = self.page.bank
        for (slug, key, name), change in sorted(self.page.view.pad_values.items()):
            if bank is None or slug != bank.slug or key not in bank.pads or change.value is None:
                continue
            label = target(name).parameter.label
            yield texts.PAD_VALUE.format(pad=bank.pads[key].label, name=label, value=_shown(change.value))

    def _show_jobs(self) -> None:
        jobs = sorted(self.page.view.jobs.values(), key=lambda job: job.job)[:JOBS]
        landings = self.page.landings()
        self._nothing.classes(replace="quiet nothing" if not jobs else "quiet nothing hidden")
        for index, row in enumerate(self._jobs):
            job = jobs[index] if index < len(jobs) else None
            row.show(job, landings.get(job.job) if job else None)

    def _show_device(self) -> None:
        view = self.page.view
        lines = []
        for engine in view.engines.values():
            lines.append(engine_line(engine))
            memory = engine.info.memory if engine.info else {}
            lines += [f"    {texts.MEMORY.format(what=what, size=_size(size))}" for what, size in memory.items()]
            if engine.info and not memory:
                lines.append(f"    {texts.NO_MEMORY}")
        if view.playback is not None:
            lines += filter(None, (sound_line(view.playback), view.playback.text))
        self._device.text = "\n".join(lines) or texts.STARTING
        self._ports.text = "\n".join(port.text for port in view.ports.values())


def _box(title: str) -> ui.element:
    # What scrolls can be reached by keys.
    box = ui.element("section").classes("box").props(f'tabindex=0 aria-label="{title}"')
    with box:
        ui.label(title).classes("box-title")
    return box


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4g}"


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
