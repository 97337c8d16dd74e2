"""What Live holds: a control surface, whose timer gives the script its ticks."""

from __future__ import annotations

import time
from typing import Any

import Live
from _Framework.ControlSurface import ControlSurface

from .core import Core, Host

#: Milliseconds between ticks; Live gives none shorter.
TICK_MS = 10
#: Seconds without a tick after which the timer is taken for stopped.
STOPPED = 0.25


class Midifrag(ControlSurface):  # type: ignore[misc]  # Live's own, without types
    """A surface without controls. Its attributes have names of their own, as Live's class has many."""

    def __init__(self, c_instance: Any) -> None:
        super().__init__(c_instance)
        self._midifrag_core: Core | None = None
        self._midifrag_timer: Live.Base.Timer | None = None
        try:
            self._midifrag_core = Core(_host(c_instance))
            self._midifrag_core.start()
            self._midifrag_restart()
        except Exception as error:
            self.log_message(f"midifrag: cannot start: {type(error).__name__}: {error}")

    def update_display(self) -> None:
        """Live's own tick of 100 ms: sees to it that the timer runs."""
        super().update_display()
        core = self._midifrag_core
        if core is not None and time.monotonic() - core.ticked_at > STOPPED:
            try:
                core.tick()
                self._midifrag_restart()
            except Exception as error:
                self.log_message(f"midifrag: the timer does not start again: {error}")

    def disconnect(self) -> None:
        """Live ends, loads another Set, or the surface was chosen away."""
        core, self._midifrag_core = self._midifrag_core, None
        try:
            self._midifrag_stop()
            if core is not None:
                core.close()
        except Exception as error:
            self.log_message(f"midifrag: does not end cleanly: {error}")
        super().disconnect()

    def _midifrag_tick(self) -> None:
        if self._midifrag_core is not None:
            self._midifrag_core.tick()

    def _midifrag_restart(self) -> None:
        """A new timer: one that was stopped by an exception does not start again."""
        self._midifrag_stop()
        self._midifrag_timer = Live.Base.Timer(callback=self._midifrag_tick, interval=TICK_MS, repeat=True)
        self._midifrag_timer.start()

    def _midifrag_stop(self) -> None:
        timer, self._midifrag_timer = self._midifrag_timer, None
        if timer is not None:
            timer.stop()


def _host(c_instance: Any) -> Host:
    return Host(
        song=c_instance.song,
        log=c_instance.log_message,
        clock=time.monotonic,
        version=_version(),
        has=_abilities(),
        marker=lambda seconds, beats: Live.Clip.WarpMarker(sample_time=seconds, beat_time=beats),
    )


def _version() -> str:
    application = Live.Application.get_application()
    numbers = (
        application.get_major_version(),
        application.get_minor_version(),
        application.get_bugfix_version(),
    )
    return ".".join(str(number) for number in numbers)


def _abilities() -> list[str]:
    """What the script uses and not every Live has."""
    classes = {"replace_sample": Live.SimplerDevice.SimplerDevice, "create_audio_clip": Live.ClipSlot.ClipSlot}
    return [name for name, owner in sorted(classes.items()) if hasattr(owner, name)]
