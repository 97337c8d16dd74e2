"""Operations on shapes alone: each is asked of torch once, which takes longer over shapes than over small numbers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tests.cuda.tensors import key_of, tensors_in


class KnownShapes:
    """What comes of operations on meta tensors, by what goes in."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[Any, ...] | None] = {}

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], *, is_mutable: bool) -> Any:
        """The operation's result."""
        key = func, _described(args), _described(kwargs)
        if key not in self._known:
            result = func(*args, **kwargs)
            if is_mutable:
                self._known[key] = None
            elif isinstance(result, Tensor) and key_of(result) not in {
                key_of(each) for each in tensors_in((args, kwargs))
            }:
                self._known[key] = tuple(result.shape), result.stride(), result.dtype
            return result
        known = self._known[key]
        if known is None:
            return kwargs.get("out", args[0])
        shape, stride, dtype = known
        return torch.empty_strided(shape, stride, dtype=dtype, device="meta")


def _described(value: Any) -> Any:
    if isinstance(value, Tensor):
        return tuple(value.shape), value.stride(), value.dtype, value.device
    if isinstance(value, list | tuple):
        return tuple(map(_described, value))
    if isinstance(value, dict):
        return tuple((name, _described(each)) for name, each in value.items())
    return value
