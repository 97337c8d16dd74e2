"""An operation on the card: what it reads and writes, what is new, and what a capture notes of it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tests.cuda.capture import Launch
from tests.cuda.tensors import CardTensor, key_of, tensors_in, unwrapped, where

if TYPE_CHECKING:
    from tests.cuda.card import Card

aten = torch.ops.aten

#: Memory that nothing is written to: no work of the card's.
_EMPTY = frozenset(
    {
        aten.empty.memory_format,
        aten.empty_like.default,
        aten.empty_strided.default,
        aten.new_empty.default,
        aten.new_empty_strided.default,
    }
)
#: Operations whose indices torch brings over where they are on the host.
_INDEXING = frozenset({aten.index.Tensor, aten.index_put.default, aten.index_put_.default})
#: Operations whose algorithm depends on the shapes that they meet; outside of inference mode some have another name.
_SHAPED = {
    aten.convolution.default: "convolution",
    aten.conv1d.default: "convolution",
    aten.conv2d.default: "convolution",
    aten.conv_transpose1d.default: "convolution",
    aten.conv_transpose2d.input: "convolution",
    aten.scaled_dot_product_attention.default: "attention",
}


def _flash(query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Attention, laid out as the card's kernel leaves it: heads beside each other, token by token."""
    out: Tensor = aten.scaled_dot_product_attention.default(query, key, value, *args, **kwargs)
    return out.transpose(1, 2).contiguous().transpose(1, 2)


#: Operations that draw numbers.
_DRAWS = ("aten.rand", "aten.normal", "aten.bernoulli", "aten.uniform", "aten.multinomial")


def launch(card: Card, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], tensors: list[Tensor]) -> Any:
    """Do an operation on the card, now or, in a capture, later."""
    on_card = [each for each in tensors if isinstance(each, CardTensor)]
    _check_places(card, func, [each for each in tensors if not isinstance(each, CardTensor)])
    kwargs = {name: value for name, value in kwargs.items() if name not in ("pin_memory", "non_blocking")}
    inner_func, inner_args, inner_kwargs = _inside(card, func, args, kwargs)
    is_mutable = bool(func._schema.is_mutable)
    changed = _changed(args, kwargs) if is_mutable else []
    if card.capturing is not None:
        card.capturing.will_touch(on_card, writes=False)
        card.capturing.will_touch(changed, writes=True)
    shapes = [each.inside.shape for each in changed]
    if card.inner.type == "meta":
        result = card.known.run(inner_func, inner_args, inner_kwargs, is_mutable=is_mutable)
    else:
        result = inner_func(*inner_args, **inner_kwargs)
    if shapes != [each.inside.shape for each in changed]:
        raise NotImplementedError(f"{func} changes a shape in place")
    outputs = tensors_in(result)
    if (kind := _SHAPED.get(func)) is not None:
        card.shapes.add((kind, *((tuple(each.shape), each.dtype) for each in tensors_in(inner_args)[:3])))
    if is_mutable:
        card.order([each.block for each in on_card], [each.block for each in changed])
        _note(card, func, Launch(inner_func, inner_args, inner_kwargs, outputs, is_mutable))
        return kwargs.get("out", args[0])
    if func in _EMPTY:
        return _wrapped(card, result, {}, {})
    known, same = {key_of(each.inside): each for each in on_card}, {id(each.inside): each for each in on_card}
    if outputs and all(key_of(each) in known for each in outputs):
        return _wrapped(card, result, known, same)
    wrapped = _wrapped(card, result, known, same)
    made = [each.block for each in tensors_in(wrapped) if isinstance(each, CardTensor)]
    card.order([each.block for each in on_card], made)
    _note(card, func, Launch(inner_func, inner_args, inner_kwargs, outputs, is_mutable))
    return wrapped


def _note(card: Card, func: Any, work: Launch) -> None:
    card.kernels[str(func)] += 1
    if card.capturing is not None:
        card.capturing.note(work)


def _wrapped(card: Card, value: Any, known: dict[int, CardTensor], same: dict[int, CardTensor]) -> Any:
    """The result as its caller gets it: views share their block, what came in is what comes out."""
    if isinstance(value, Tensor):
        if id(value) in same:
            return same[id(value)]
        if (base := known.get(key_of(value))) is not None:
            # A view is a tensor of inference mode or none, as what it looks at.
            with torch.inference_mode(base.is_inference()):
                return CardTensor(value, base.block, card)
        return card.on_card(value, None)
    if isinstance(value, list | tuple):
        return type(value)(_wrapped(card, each, known, same) for each in value)
    return value


def _changed(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[CardTensor]:
    target = kwargs.get("out", args[0])
    return [each for each in tensors_in(target) if isinstance(each, CardTensor)]


def _check_places(card: Card, func: Any, on_host: list[Tensor]) -> None:
    for each in on_host:
        if each.dim() == 0:
            card.host.check_read([each])
        elif func in _INDEXING:
            card.host_waits(f"{func} with indices on the host")
        else:
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu! "
                f"({func} at {where()})"
            )


@cache
def _is_random(func: Any) -> bool:
    return str(func).startswith(_DRAWS) and "_like" not in str(func)


def _to_meta(index: Tensor | None) -> Tensor | None:
    """An index, which is None for a dimension that is taken whole."""
    return None if index is None else index.to("meta")


def _inside(
    card: Card, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The operation on what lies inside."""
    draws = _is_random(func)
    if draws and card.capturing is not None:
        card.refuse_in_capture("random numbers of a generator that the graph does not know")
    args, kwargs = unwrapped(args), unwrapped(kwargs)
    if func is aten.scaled_dot_product_attention.default:
        return _flash, args, kwargs
    if draws and card.inner.type == "meta" and kwargs.get("generator") is not None:
        kwargs = {name: value for name, value in kwargs.items() if name != "generator"}
        func = aten.randn.default if func is aten.randn.generator else func
    if card.inner.type == "meta" and func in _INDEXING:
        args = tuple([_to_meta(each) for each in arg] if isinstance(arg, list) else arg for arg in args)
    return func, args, kwargs
