"""What a server is to prepare for: said again on each connection, in messages that fit a frame."""

from __future__ import annotations

from collections.abc import Iterator

from midifrag.engine.line import messages as line
from midifrag.engine.messages import Render
from midifrag.engine.remote.parcels import Packed, has_parcels, wished
from midifrag.errors import LineError

#: Bytes of prompts in one `line.Warm`, and what a wish takes beside them.
_WARM_BYTES, _WISH_BYTES = 131_072, 1_024


class Warmings:
    """The renders that the show said last; those that want LoRAs are offered one by one, when they are packed."""

    def __init__(self) -> None:
        self._plain: tuple[Render, ...] = ()
        self._offered: list[Packed] = []

    def take(self, renders: tuple[Render, ...]) -> list[Render]:
        """Take in other ones; those that are to be packed. Sounds come with presses: they are others each time."""
        self._plain = tuple(one for one in renders if not has_parcels(one))
        self._offered = []
        return [one for one in renders if has_parcels(one) and one.sound is None]

    def packed(self, packed: Packed) -> None:
        """Take in one that is packed."""
        self._offered.append(packed)

    def messages(self, model: str) -> Iterator[line.Message]:
        """All of them; what fits no frame is left out."""
        wishes: list[line.Wish] = []
        size = 0
        for render in self._plain:
            own = len((render.prompt + render.negative_prompt + (render.conditioning or "")).encode()) + _WISH_BYTES
            if own > _WARM_BYTES or len(render.prompt) > line.MOST_TEXT:
                continue
            if size + own > _WARM_BYTES or len(wishes) == line.MOST_WISHES:
                yield line.Warm(model=model, wishes=tuple(wishes))
                wishes, size = [], 0
            try:
                wishes.append(wished(render))
            except LineError:
                # Told to the press of it.
                continue
            size += own
        if wishes:
            yield line.Warm(model=model, wishes=tuple(wishes))
        for one in self._offered:
            yield line.Offer(model=model, wish=one.wish)
