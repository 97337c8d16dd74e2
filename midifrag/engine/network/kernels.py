"""Work on single numbers as one kernel instead of five: snake, the gate, positions, norms of heads, rounding to fp8.

On a card each function of `midifrag.engine.network.pointwise` is played by a kernel that was made of it, where one can
be. What was made is tried beside the plain function first. Whatever fails is told and played plainly: no start ends
because of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from midifrag.clock import monotonic
from midifrag.engine.loading.device import first_line, is_memory_error
from midifrag.engine.network import pointwise
from midifrag.engine.network.convolutions import measuring
from midifrag.engine.network.kernel_makers import Function, Maker, compiled, jiterated

_log = logging.getLogger(__name__)

#: From the best on.
MAKERS: Sequence[Maker] = (compiled, jiterated)
#: Seconds after which no more are made: a start is not to wait for a compiler.
MOST_SECONDS = 120.0
#: How far a kernel's numbers may be from the plain ones, as a part of the greatest: a few roundings to bf16.
_TOLERANCE = 2.0**-6
#: The same for numbers of fp8, whose neighbours are an eighth apart.
_FP8_TOLERANCE = 0.13


@dataclass(frozen=True, slots=True)
class Kernels:
    """The functions of `pointwise`, each as it is played; ``made`` says which are kernels, and made by what."""

    snake: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor] = pointwise.snake
    gate: Callable[[Tensor], Tensor] = pointwise.gate
    rotate: Callable[[Tensor, Tensor, Tensor, Tensor, int], Tensor] = pointwise.rotate
    head_norm: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor] = pointwise.head_norm
    rounded_rows: Callable[[Tensor], tuple[Tensor, Tensor]] = pointwise.rounded_rows
    made: str = ""


PLAIN = Kernels()


def kernels_for(device: torch.device, dtype: torch.dtype, *, fused: bool, makers: Sequence[Maker] = MAKERS) -> Kernels:
    """The best kernels that there are for a device; the plain functions off CUDA, and unless they are to be ``fused``.

    The first start takes some seconds for it, and not much more than `MOST_SECONDS`.
    """
    return _made(device, dtype, tuple(makers)) if fused and device.type == "cuda" else PLAIN


@lru_cache(maxsize=8)
def _made(device: torch.device, dtype: torch.dtype, makers: Sequence[Maker]) -> Kernels:
    """The same for every engine of this process."""
    began = monotonic()
    found: dict[str, Function] = {}
    by: dict[str, list[str]] = {}
    for name in (field.name for field in fields(Kernels) if field.name != "made"):
        plain: Function = getattr(PLAIN, name)
        for maker in makers:
            if monotonic() - began > MOST_SECONDS:
                _log.warning("no kernel for %s: those before took %.0f s", name, monotonic() - began)
                break
            made = _tried(name, maker, plain, device, dtype)
            if made is not None:
                found[name] = Guarded(name, made, plain)
                by.setdefault(maker.__name__, []).append(name.replace("_", " "))
                break
    return replace(PLAIN, **found, made="; ".join(f"{', '.join(names)} {maker}" for maker, names in by.items()))


class Guarded:
    """A kernel that is given up for the plain function the first time that it fails."""

    def __init__(self, name: str, made: Function, plain: Function) -> None:
        self._name, self._made, self._plain = name, made, plain
        self._failed = False

    def __call__(self, *given: Any) -> Any:
        """The function's result."""
        if not self._failed:
            try:
                return self._made(*given)
            except Exception as error:  # compilers fail in any way
                if is_memory_error(error):
                    raise
                self._failed = True
                _log.warning("the kernel for %s failed; going on without: %s", self._name, first_line(error))
        return self._plain(*given)


def _tried(name: str, maker: Maker, plain: Function, device: torch.device, dtype: torch.dtype) -> Function | None:
    """What a maker makes, if it works and is right."""
    try:
        made = maker(name, plain)
        if made is None:
            return None
        with measuring(), torch.inference_mode():
            # Some write into what they are given.
            for given, again in zip(_samples(name, device, dtype), _samples(name, device, dtype), strict=True):
                _compare(made(*given), plain(*again))
    except Exception as error:  # compilers fail in any way
        _log.warning("no kernel for %s, %s: %s", name.replace("_", " "), maker.__name__, first_line(error))
        return None
    return made


def _compare(ours: Any, theirs: Any) -> None:
    tolerance = _TOLERANCE
    if isinstance(theirs, tuple):
        ours, theirs = (rows.float() * scale for rows, scale in (ours, theirs))
        tolerance = _FP8_TOLERANCE
    difference = float((ours.float() - theirs.float()).abs().max())
    if ours.shape != theirs.shape or not difference <= tolerance * float(theirs.abs().max()):
        raise ValueError(f"it is off by {difference:g}")


def _samples(name: str, device: torch.device, dtype: torch.dtype) -> Iterator[tuple[Any, ...]]:
    """Inputs to try a function on, the same each time: one row, and several."""
    generator = torch.Generator().manual_seed(7)

    def drawn(*shape: int, dtype: torch.dtype = dtype) -> Tensor:
        return torch.randn(*shape, generator=generator).to(device=device, dtype=dtype)

    for rows in (1, 5):
        x = drawn(rows, 64)
        tables = [drawn(64, dtype=torch.float32).abs() + 0.1 for _ in range(2)]
        eps = torch.tensor(1e-5, device=device)
        inputs: dict[str, list[tuple[Any, ...]]] = {
            "snake": [(x, *tables, x), (x, *tables, torch.empty_like(x))],
            "rotate": [(x, drawn(64), drawn(56), drawn(56), 8)],
            "head_norm": [(drawn(rows, 3, 4, 64), drawn(4, 64), drawn(4, 64), eps)],
            "gate": [(drawn(rows, 3, 64),)],
            "rounded_rows": [(x,)],
        }
        yield from inputs[name]
