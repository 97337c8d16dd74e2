"""What a browser missed while it was away: it gets how everything is now, not what it was meant to get then.

NiceGUI keeps what it sent and says it once more where a browser comes back. What has changed meanwhile goes out before
that, though: the older message then has the last word, and the browser shows for ever a text or a list that is over.
Nor is what is just being sent among what is kept.
"""

from __future__ import annotations

from typing import TypeAlias

from nicegui import client, outbox

_Message: TypeAlias = tuple[str, str, dict[str | int, object]]
#: Said once more, it changes nothing.
_NOTHING = "update"


class Outbox(outbox.Outbox):
    """NiceGUI's, but for a browser that comes back."""

    #: What is being sent.
    _on_its_way: _Message | None = None

    async def _emit(self, message: _Message) -> None:
        self._on_its_way = message
        try:
            await super()._emit(message)
        finally:
            self._on_its_way = None

    def try_rewind(self, target_message_id: int) -> None:
        """Have the browser get what it missed: all from a number on.

        Numbers go on, and what is kept stays under its own, though it is not said a second time.
        """
        kept = self.message_history
        if target_message_id < (kept[0][0] if kept else self.next_message_id):
            self.client.run_javascript("window.location.reload()")
            return
        missed = [message for number, _, message in kept if number >= target_message_id]
        if self._on_its_way is not None and self.next_message_id >= target_message_id:
            missed.append(self._on_its_way)
        for place, (number, at, message) in enumerate(kept):
            if number >= target_message_id and message[1] != _NOTHING:
                kept[place] = number, at, (message[0], _NOTHING, {})
        self.messages.extendleft(reversed([one for one in missed if not self._is_outdone(one)]))
        self._set_enqueue_event()

    def _is_outdone(self, message: _Message) -> bool:
        """Whether how everything is now says as much, and more; it is sent then."""
        _, kind, data = message
        if kind == "load_js_components":
            self._loaded_components.clear()
        elif kind == "update":
            for number in data:
                if isinstance(number, int):
                    self.updates[number] = self.client.elements.get(number, outbox.deleted)
        return kind in ("load_js_components", "update")


def send_what_is() -> None:
    """Have the pages that are built from now on send through it."""
    client.Outbox = Outbox  # type: ignore[attr-defined]  # in the place of what it imported
