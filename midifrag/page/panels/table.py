"""Every panel of a screen and where it lies, one row each. The screen is built from this table.

A new panel is a file and a row:

1. A file in this folder, with a class derived from `Panel`. It builds its elements in ``__init__``, names in ``parts``
   what makes it new (see `midifrag.page.model.Part`), and shows in ``refresh`` how everything stands, as ``self.page``
   knows it. What a performer does there is handed on as an intent, with ``self.page.put``.
2. A row in `PANELS`: the class, its area and, for what lies on a tab, the tab. A tab that no other row names is a new
   one; tabs stand in the order in which the rows name them.
3. Where it has any, its words in ``page/texts.py`` and its looks in ``page/web/rooms.css``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from midifrag.page import set_texts, texts
from midifrag.page.panels.archive import ArchivePanel
from midifrag.page.panels.banks import BanksPanel
from midifrag.page.panels.editor import EditorPanel
from midifrag.page.panels.engine import EnginePanel
from midifrag.page.panels.entries import EntriesPanel
from midifrag.page.panels.learn import LearnPanel
from midifrag.page.panels.log import LogPanel
from midifrag.page.panels.notice import NoticePanel
from midifrag.page.panels.osc import OscPanel
from midifrag.page.panels.pads import PadsPanel
from midifrag.page.panels.panel import Panel
from midifrag.page.panels.prompt import PromptPanel
from midifrag.page.panels.set_list import SetListPanel
from midifrag.page.panels.slots import SlotsPanel
from midifrag.page.panels.status import StatusPanel
from midifrag.page.panels.time import TimePanel


class Area(Enum):
    """Where on the screen a panel lies."""

    #: The line at the top, from left to right; seen on every tab.
    TOP = auto()
    #: A tab's own room.
    MAIN = auto()
    #: The column beside it, from top to bottom.
    SIDE = auto()
    #: The line at the bottom, before the player; seen on every tab.
    BOTTOM = auto()


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab: ``name`` is its CSS class too, ``icon`` one of Material's."""

    name: str
    label: str
    icon: str


@dataclass(frozen=True, slots=True)
class Row:
    """A panel and where it lies. What lies in MAIN or SIDE has a tab, the others have none."""

    panel: type[Panel]
    area: Area
    tab: Tab | None = None


PLAY = Tab("play", texts.PLAY_TAB, "grid_view")
SET = Tab("set", texts.SET_TAB, "edit_note")

PANELS: tuple[Row, ...] = (
    Row(BanksPanel, Area.TOP),
    Row(TimePanel, Area.TOP),
    Row(StatusPanel, Area.TOP),
    Row(PadsPanel, Area.MAIN, PLAY),
    Row(PromptPanel, Area.SIDE, PLAY),
    Row(LogPanel, Area.SIDE, PLAY),
    Row(SlotsPanel, Area.SIDE, PLAY),
    Row(ArchivePanel, Area.MAIN, Tab("archive", texts.ARCHIVE_TAB, "inventory_2")),
    Row(EnginePanel, Area.MAIN, Tab("engine", texts.ENGINE_TAB, "tune")),
    Row(EditorPanel, Area.MAIN, SET),
    Row(SetListPanel, Area.SIDE, SET),
    Row(EntriesPanel, Area.SIDE, SET),
    Row(LearnPanel, Area.MAIN, Tab("learn", set_texts.LEARN_TAB, "touch_app")),
    Row(OscPanel, Area.MAIN, Tab("osc", texts.OSC_TAB, "settings_ethernet")),
    Row(NoticePanel, Area.BOTTOM),
)
