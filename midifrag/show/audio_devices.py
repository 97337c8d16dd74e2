"""The audio devices of a show: the player of what lands, and what hears an input."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from midifrag.bridge.items import Item
from midifrag.config.settings import Settings
from midifrag.events import Notice
from midifrag.playback.hearing import Hearing
from midifrag.playback.messages import PlaybackChanged, PlaybackState, PlayerEvent
from midifrag.playback.player import Player
from midifrag.states import NoticeLevel

#: How a show's player is made: settings, where its events go; None where nothing shall sound.
MakePlayer: TypeAlias = Callable[[Settings, Callable[[PlayerEvent], None]], Player | None]


def player_for(settings: Settings, listener: Callable[[PlayerEvent], None]) -> Player | None:
    """The player of a set that has one; where there is no memory for it, ``listener`` is told so."""
    wanted = settings.playback
    if not wanted.is_on:
        return None
    try:
        return Player(
            wanted.device,
            settings.fragments.count,
            listener,
            outputs=wanted.outputs,
            gain=wanted.gain,
            client=settings.client,
        )
    except OSError as error:
        listener(PlaybackChanged(PlaybackState.OFF, text=f"no memory for sound: {error}"))
        return None


def hearing_for(settings: Settings, put: Callable[[Item], None]) -> Hearing | None:
    """What hears the audio input of a set, where it has one."""
    if not settings.input.is_on:
        return None

    def tell(text: str, trouble: bool) -> None:
        put(Notice(NoticeLevel.WARNING if trouble else NoticeLevel.INFO, text))

    return Hearing(settings.input.device, tell, client=settings.client)
