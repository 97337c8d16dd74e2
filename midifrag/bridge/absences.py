"""Engines that do not answer now: since when, how long it may take, and who stands in meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, assert_never

from midifrag.clock import Clock
from midifrag.config.morphing import read_morph
from midifrag.config.parameters import PARAMETERS, Preset
from midifrag.engine import messages as engine
from midifrag.engine.messages import EngineInfo

#: Seconds that an engine of this machine may be away before another one stands in.
PATIENCE = 2.0


class Absences:
    """Takes in what engines say of themselves. ``stand_in`` is the model that plays meanwhile, None for nobody.

    An engine is away from the moment that it died, or stopped showing progress before it was ended, until it is ready
    again; it stalls while it shows no progress. ``begun`` are the models whose loading begins now. For one that
    ``is_elsewhere`` nobody waits any longer: it says that it is away when a set's patience is over.
    """

    def __init__(
        self,
        clock: Clock,
        stand_in: str | None,
        begun: Iterable[str] = (),
        is_elsewhere: Callable[[str], bool] = lambda _model: False,
    ) -> None:
        self.stand_in = stand_in
        #: Whether a server renders a model.
        self.is_elsewhere = is_elsewhere
        self._clock = clock
        now = clock.now()
        self._loading_since = dict.fromkeys(begun, now)
        self._loading_took: dict[str, float] = {}
        self._away_since: dict[str, float] = {}
        self._stalled_since: dict[str, float] = {}
        self._lost: set[str] = set()
        self._finishing: set[str] = set()
        self._working: set[str] = set()

    def note(self, model: str, event: engine.EngineEvent) -> None:
        """Take in an event of the engine of ``model``."""
        now = self._clock.now()
        match event:
            case engine.Warming():
                self._loading_since.setdefault(model, now)
            case engine.Ready():
                if (began := self._loading_since.pop(model, None)) is not None and model not in self._loading_took:
                    self._loading_took[model] = now - began
                if (left := self._away_since.pop(model, None)) is not None:
                    self._loading_took[model] = now - left
                self._stalled_since.pop(model, None)
                self._lost.discard(model)
                self._finishing.discard(model)
                self._working.add(model)
            case engine.Stalled(seconds):
                self._stalled_since.setdefault(model, now - seconds)
            case engine.Resumed():
                self._stalled_since.pop(model, None)
            case engine.Died(restarting=restarting, finishing=finishing):
                (self._finishing.add if finishing else self._finishing.discard)(model)
                stalled = self._stalled_since.pop(model, now)
                if restarting:
                    self._away_since.setdefault(model, stalled)
                else:
                    self._away_since.pop(model, None)
                    self._loading_since.pop(model, None)
                    self._lost.add(model)
            case engine.Started() | engine.Progress() | engine.Rendered() | engine.Failed() | engine.Cancelled():
                self._working.add(model)
            case _:
                assert_never(event)

    @property
    def loading(self) -> tuple[str, ...]:
        """The models that are being loaded, or warmed up."""
        return tuple(self._loading_since)

    @property
    def away(self) -> tuple[str, ...]:
        """The models that died and are not back yet."""
        return tuple(self._away_since)

    def is_lost(self, model: str) -> bool:
        """Whether it died and does not come back."""
        return model in self._lost

    def since(self, model: str) -> float | None:
        """Since when, in monotonic seconds, it has not answered; None if it does."""
        return self._away_since.get(model, self._stalled_since.get(model))

    def is_stalled(self, model: str) -> bool:
        """Whether it shows no progress."""
        return model in self._stalled_since

    def is_finishing(self, model: str) -> bool:
        """Whether it takes nothing new, and goes on with what it has begun."""
        return model in self._finishing

    def is_away(self, model: str) -> bool:
        """Whether it died and is not back yet."""
        return model in self._away_since

    def answers(self, model: str) -> bool:
        """Whether it takes in what it is told now: it is neither away, stalled nor still loading."""
        has_loaded = model in self._working or model not in self._loading_since
        return self.since(model) is None and has_loaded

    def silence(self, model: str) -> str:
        """Why it does not take in what it is told now; empty where it does."""
        if self.answers(model):
            return ""
        if self.is_away(model):
            return "is being replaced"
        return "shows no progress" if self.is_stalled(model) else "is loading"

    def expected(self, model: str) -> float | None:
        """Seconds from its end to its being ready again, as far as earlier times tell."""
        return self._loading_took.get(model)

    def substitute(self, model: str) -> str | None:
        """Who plays in place of ``model`` now, because that has been away for too long; None if nobody does."""
        since, other = self._away_since.get(model), self.stand_in
        if since is None or other in {None, model, *self._away_since, *self._lost}:
            return None
        patience = 0.0 if self.is_elsewhere(model) else PATIENCE
        return other if self._clock.now() - since >= patience else None

    def understudy(self, model: str) -> str | None:
        """Who could play at once in place of a model of a server, though that answers; None if nobody could."""
        other = self.stand_in
        if other is None or other == model or not self.is_elsewhere(model) or self.is_elsewhere(other):
            return None
        return other if self.answers(other) and other not in self._lost else None


def as_stand_in(preset: Preset, info: EngineInfo | None) -> Preset:
    """What another model is asked for in place of the one that ``preset`` was written for.

    Its sound and its seed stay, and its length as far as the other goes (``info``); how it is made is the other's own.
    Of two prompts it is the one that is nearer.
    """
    others: dict[str, Any] = {name: None for name, one in PARAMETERS.items() if one.defaulted and name != "seconds"}
    others |= {"conditioning": None, "loras": None, "morph": None}
    if info is not None and preset.sound is not None:
        wants = "part" if preset.sound.makes_part else "sound"
        others["sound"] = preset.sound if wants in info.begins_from else None
    seconds = preset.seconds if info is None or preset.seconds is None else min(preset.seconds, info.max_seconds)
    morph = None if preset.morph is None else read_morph(preset.morph)
    prompt = morph.to if morph is not None and morph.amount >= 0.5 else preset.prompt
    return replace(preset, **others, prompt=prompt, seconds=seconds)
