"""The rows of a call of the model: what each request asks, and how it is guided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar

from torch import Tensor


class ModelInput(NamedTuple):
    """What the model is evaluated on: ``x``, (1, channels, frames), at time ``t`` (0 clean … 1 noise)."""

    x: Tensor
    t: float


class SupportsGuidance(Protocol):
    """What of a request does not change from step to step, in the form that a denoiser wants it."""

    @property
    def can_guide(self) -> bool:
        """Whether classifier-free guidance changes anything."""
        ...

    @property
    def valid(self) -> int | None:
        """How many frames count, the others being padding; None where all do."""
        ...


P = TypeVar("P", bound=SupportsGuidance)


@dataclass(frozen=True, slots=True)
class Row(Generic[P]):
    """One request's share of a call: its input, its prepared conditioning (see `Denoiser.prepare`) and its guidance."""

    model_input: ModelInput
    prepared: P
    cfg_scale: float
    guidance: Literal["cfg", "apg"] = "cfg"


def is_guided(row: Row[P]) -> bool:
    """Whether the row's guidance does anything, and so takes a second, unconditional evaluation."""
    return row.cfg_scale != 1 and row.prepared.can_guide
