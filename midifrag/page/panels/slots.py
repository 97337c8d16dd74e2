"""The slots: what lies in each, as the DAW has it."""

from __future__ import annotations

from typing import ClassVar

from nicegui import events, ui

from midifrag.clock import monotonic
from midifrag.config.pads import told_name
from midifrag.fragment.slot_state import SlotState
from midifrag.intents import LockSlot, RestoreSlot, SendTake, StopSlot
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, age, countdown, icon_button, set_prop
from midifrag.page.panels.sounding import shown_level, sound_style
from midifrag.page.panels.where import tell_where

#: Chromium copies a file to where an element with this data is dropped; other browsers drag its address.
DRAG_OUT = """(e) => {
    const file = e.currentTarget.dataset.file, url = location.origin + e.currentTarget.dataset.url;
    e.dataTransfer.setData("DownloadURL", "audio/wav:" + file + ":" + url);
    e.dataTransfer.setData("text/uri-list", url);
    const take = /^\\/takes\\/(\\d+)\\.wav$/.exec(e.currentTarget.dataset.url);
    if (take) e.dataTransfer.setData("text/midifrag-take", take[1]);
    e.dataTransfer.effectAllowed = "copy";
}"""

#: A take that is dropped here, by its number; anything else goes where it would go.
TAKES_OVER = "(e) => { if (e.dataTransfer.types.includes('text/midifrag-take')) e.preventDefault(); }"
TAKE_DROPPED = """(e) => {
    const take = e.dataTransfer.getData("text/midifrag-take");
    if (take) { e.preventDefault(); emit(Number(take)); }
}"""


class _Row:
    """One slot on the screen."""

    def __init__(self, page: PageModel, play: Play, number: int) -> None:
        self._page, self._play, self.number = page, play, number
        self._slot: SlotState | None = None
        with ui.element("div").classes("slot") as self._row:
            self._row.on("dragover", js_handler=TAKES_OVER).on("drop", self._dropped, js_handler=TAKE_DROPPED)
            ui.label(str(number)).classes("slot-number")
            with ui.element("button").classes("slot-wave") as self._wave:
                self._picture = ui.element("img").props("alt='' draggable=false")
                # Where it is in its length, and how loud, over the picture.
                self._at = ui.element("div").classes("slot-at")
            self._wave.props["aria-label"] = texts.PLAY_SLOT.format(number=number)
            self._wave.props["title"] = texts.DRAG
            self._wave.props["draggable"] = "true"
            self._wave.props["data-url"] = f"/slots/{number}.wav"
            self._stop = icon_button("stop", texts.STOP_SLOT).on_click(lambda: page.put(StopSlot(number)))
            self._stop.classes("slot-stop")
            self._wave.on("click", self._clicked).on("dragstart", js_handler=DRAG_OUT)
            with ui.element("div").classes("slot-text"):
                self._name = ui.label().classes("slot-name")
                with ui.element("div").classes("slot-about"):
                    self._file = ui.label().classes("slot-file")
                    self._length = ui.label()
                    self._age = ui.label()
                self._coming = ui.label().classes("slot-coming")
            with ui.element("div").classes("slot-buttons"):
                self._lock = icon_button("lock_open", texts.LOCK).on_click(self._toggle_lock)
                self._restore = icon_button("undo", texts.RESTORE).on_click(lambda: page.put(RestoreSlot(number)))
                icon_button("folder_open", texts.WHERE).on_click(self._reveal)

    def show(self, slot: SlotState, coming: str) -> None:
        self._coming.text = coming
        if slot != self._slot:
            self._show_content(slot)
            self._slot = slot
        self._age.text = age(slot.landed_at)
        self._show_sound()

    def _show_sound(self) -> None:
        view = self._page.view
        one = view.sounding.get(self.number)
        self._stop.set_visibility(one is not None)
        self._at.set_visibility(one is not None)
        if one is not None:
            self._at.style(replace=sound_style(one, shown_level(view.meters, self.number)))

    def _show_content(self, slot: SlotState) -> None:
        filled = slot.seconds > 0
        self._name.text = told_name(slot.preset, slot.prompt) or (
            texts.FOREIGN_SLOT if slot.foreign else texts.FREE_SLOT
        )
        self._file.text = slot.file
        self._length.text = texts.LENGTH.format(slot.seconds) if filled else ""
        locked = slot.state == "locked"
        about = ("filled" if filled else "free", "locked" if locked else "", "sounds" if slot.sounds else "")
        self._row.classes(replace=" ".join(("slot", *filter(None, about))))
        set_prop(self._row, "data-take", slot.take or "")
        set_prop(self._wave, "data-file", slot.file)
        set_prop(self._wave, "disabled", not filled)
        version = f"{slot.take}-{slot.landed_at}-{slot.seconds}"
        set_prop(self._picture, "src", f"/slots/{self.number}.svg?v={version}" if filled else _NOTHING)
        set_prop(self._lock, "icon", "lock" if locked else "lock_open")
        set_prop(self._lock, "title", texts.UNLOCK if locked else texts.LOCK)
        set_prop(self._lock, "aria-pressed", "true" if locked else "false")
        self._restore.set_enabled(slot.has_previous)

    def _clicked(self) -> None:
        if self._slot is not None and self._slot.seconds > 0:
            self._play(f"/slots/{self.number}.wav", told_name(self._slot.preset, self._slot.prompt) or self._slot.file)

    def _dropped(self, event: events.GenericEventArguments) -> None:
        self._page.put(SendTake(int(event.args), self.number))
        ui.notify(texts.SENT.format(take=event.args, slot=self.number))

    def _toggle_lock(self) -> None:
        self._page.put(LockSlot(self.number, None))

    def _reveal(self) -> None:
        file = self._slot.file if self._slot else ""
        tell_where(self._page.configuration.fragments / file, f"/slots/{self.number}.wav")


#: A picture of nothing.
_NOTHING = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>"


class SlotsPanel(Panel):
    """All slots, in order."""

    parts: ClassVar[frozenset[Part]] = frozenset(
        {Part.SLOTS, Part.JOBS, Part.SOUNDING, Part.METERS, Part.TIME, Part.COUNTDOWN}
    )

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._rows: list[_Row] = []
        with ui.element("div").classes("slots-place"):
            self._panel = ui.element("section").classes("slots")

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        slots = self.page.view.slots
        if len(slots) != len(self._rows):
            self._panel.clear()
            with self._panel:
                self._rows = [_Row(self.page, self.play, slot.number) for slot in slots]
        now, coming = monotonic(), self.page.coming()
        for row, slot in zip(self._rows, slots, strict=True):
            boundary = coming.get(slot.number)
            row.show(slot, "" if boundary is None else countdown(boundary, now))
