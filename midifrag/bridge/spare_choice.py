"""Which spares are wanted: for the pads that were pressed last, as far as the set and the battery let them be made."""

from __future__ import annotations

from collections.abc import Callable

from midifrag.bridge.press_requests import PressRequests
from midifrag.bridge.renders import Renders
from midifrag.bridge.set_list import SetList
from midifrag.bridge.spares import Wish
from midifrag.bridge.view import View
from midifrag.events import Notice, StateChange
from midifrag.pad_key import PadKey
from midifrag.states import NoticeLevel


class SpareChoice:
    """Knows what the next press of each pad would render, and has ``renders`` make it ahead."""

    def __init__(
        self,
        set_list: SetList,
        requests: PressRequests,
        renders: Renders,
        view: View,
        publish: Callable[[StateChange], None],
    ) -> None:
        self._set_list = set_list
        self._requests = requests
        self._renders = renders
        self._view = view
        self._publish = publish
        self._on_battery = self._saves_power = False

    def power_changed(self, on_battery: bool) -> None:
        """The machine runs on its battery, or does not any more."""
        self._on_battery = on_battery
        self.follow_power()

    def follow_power(self) -> None:
        """Make no spares on battery where the set says so, and tell when that begins and ends."""
        spares = self._set_list.settings.engine.spares
        saves = self._on_battery and spares.enabled and not spares.on_battery
        if saves is not self._saves_power:
            self._saves_power = saves
            text = "on battery: no spares are rendered ahead" if saves else "spares are rendered ahead again"
            self._publish(Notice(NoticeLevel.INFO, text))

    def top_up(self) -> None:
        """Have the next spare made, if none is on its way, and those dropped that no press would want."""
        if not self._set_list.settings.engine.spares.enabled or self._saves_power:
            return
        wishes = [self.wish_of(*place) for place in self._requests.by_last_press()]
        self._renders.spare_making.top_up([wish for wish in wishes if wish is not None], self._view.ready_models)

    def wish_of(self, bank: str, key: PadKey) -> Wish | None:
        """What the next press of a pad would render; None where nobody knows."""
        active = next((one for one in self._set_list.active_banks if one.slug == bank), None)
        if active is None or key not in active.pads:
            return None
        asked = self._requests.next_of(key, active)
        wish = self._renders.wishes.of(bank, key, asked.preset, asked.model, asked.options)
        # Nobody knows what a file or an input will hold.
        return wish if wish.sound is None or wish.sound.is_known else None
