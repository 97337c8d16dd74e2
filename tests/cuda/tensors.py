"""Tensors on the card, and where in the code under test something happens."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from tests.cuda.card import Card
    from tests.cuda.memory import Block

#: What calls itself so is on the card.
DEVICE = torch.device("cuda:0")
#: The folders of those whose lines are named; the innermost counts.
_NAMED = tuple(
    Path(str(importlib.util.find_spec(name).origin)).parent  # type: ignore[union-attr]  # all three are there
    for name in ("midifrag", "stable_audio_tools", "transformers")
)


class CardTensor(Tensor):
    """Says of itself that it is on the card. Its numbers, or just its shape, are those of ``inside``."""

    inside: Tensor
    block: Block
    card: Card

    @staticmethod
    def __new__(cls, inner: Tensor, block: Block, card: Card) -> CardTensor:
        made: CardTensor = Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=DEVICE,
            requires_grad=False,
        )
        made.inside, made.block, made.card = inner, block, card
        return made

    def __init__(self, inner: Tensor, block: Block, card: Card) -> None:
        del inner, block, card

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]  # as torch calls it
        return f"CardTensor({tuple(self.shape)}, {self.dtype})"

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # as torch calls it
        cls, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Also in threads that know of no mode."""
        [first, *_] = (each for each in tensors_in((args, kwargs or {})) if isinstance(each, CardTensor))
        return first.card.dispatch(func, args, kwargs or {})


def tensors_in(value: object) -> list[Tensor]:
    """All tensors in the arguments or the result of an operation."""
    found: list[Tensor] = []
    _gather(value, found)
    return found


def _gather(value: object, found: list[Tensor]) -> None:
    if isinstance(value, Tensor):
        found.append(value)
    elif isinstance(value, list | tuple):
        for each in value:
            _gather(each, found)
    elif isinstance(value, dict):
        for each in value.values():
            _gather(each, found)


def unwrapped(value: Any) -> Any:
    """The same with what lies inside."""
    if isinstance(value, CardTensor):
        return value.inside
    if isinstance(value, list | tuple):
        return type(value)(map(unwrapped, value))
    if isinstance(value, dict):
        return {name: unwrapped(each) for name, each in value.items()}
    return value


def key_of(tensor: Tensor) -> int:
    """What tensors of one storage have in common."""
    return int(tensor.untyped_storage()._cdata)


def where() -> str:
    """The innermost line under test, as file:line:function."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = _named(frame.f_code.co_filename)
        if name is not None:
            return f"{name}:{frame.f_lineno}:{frame.f_code.co_name}"
        frame = frame.f_back
    return "?"


@cache
def _named(filename: str) -> str | None:
    """How a file under test is called; None for any other."""
    path = Path(filename)
    folder = next((each for each in _NAMED if path.is_relative_to(each)), None)
    return None if folder is None else path.relative_to(folder.parent).as_posix()


def convert_module(module: nn.Module, convert: Callable[[Tensor], Tensor], recurse: bool = True) -> nn.Module:
    """What stands in for ``Module._apply``, which puts new numbers into old parameters: no wrapper can be one."""
    for child in module.children() if recurse else ():
        convert_module(child, convert)
    tables: tuple[dict[str, Any], dict[str, Any]] = module._parameters, module._buffers
    for kept in tables:
        for name, old in kept.items():
            if old is not None:
                kept[name] = new = convert(old)
                if isinstance(old, nn.Parameter) and new is not old:
                    new._is_param = True
    return module
