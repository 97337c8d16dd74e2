"""A fence between what one processor writes and another reads, as machine code and as Python."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic, overload


def fence() -> None:
    """What was written before is there for others before what is written after; in Python, always so."""


@intrinsic
def _native_fence(_typing: Any) -> Any:
    def build(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), build


@overload(fence)
def _fence_compiled() -> Any:
    return lambda: _native_fence()
