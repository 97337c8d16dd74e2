"""What becomes of each operation: on the host, on the card, or between the two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

from tests.cuda.host import host_like
from tests.cuda.launching import launch
from tests.cuda.tensors import CardTensor, key_of, tensors_in, unwrapped

if TYPE_CHECKING:
    from tests.cuda.card import Card

aten = torch.ops.aten

#: Operations whose answer the host waits for.
_ANSWERS = frozenset(
    {
        aten._local_scalar_dense.default,
        aten.item.default,
        aten.is_nonzero.default,
        aten.equal.default,
        aten.allclose.default,
        aten.nonzero.default,
        aten.masked_select.default,
        aten._unique2.default,
    }
)
#: Operations that change a tensor's number format or place.
_CONVERSIONS = frozenset({aten._to_copy.default, aten.to.dtype, aten.to.device, aten.to.other, aten.to.dtype_layout})


class CardMode(TorchDispatchMode):
    """Has the card see every operation of this thread."""

    def __init__(self, card: Card) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's own has no types
        self._card = card

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        return dispatch(self._card, func, args, kwargs or {})


def dispatch(card: Card, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Do an operation where it belongs."""
    if func in _CONVERSIONS:
        return _convert(card, func, args, kwargs)
    if func is aten.copy_.default:
        return _copy(card, *_bound(func, args, kwargs))
    if func is aten._has_compatible_shallow_copy_type.default:
        return False
    tensors = tensors_in((args, kwargs))
    on_card = [each for each in tensors if isinstance(each, CardTensor)]
    if any(each.card is not card for each in on_card):
        card.violate("meets a tensor of a card that is gone")
    device = kwargs.get("device")
    if device is not None and torch.device(device).type == "cuda":
        kwargs = {**kwargs, "device": card.inner}
    elif not on_card:
        return _on_host(card, func, args, kwargs, tensors)
    elif device is not None:
        raise NotImplementedError(f"{func} from the card to {device}")
    if func in _ANSWERS:
        return _answer(card, func, args, kwargs)
    return launch(card, func, args, kwargs, tensors)


def _on_host(card: Card, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], tensors: list[Tensor]) -> Any:
    if func is aten._pin_memory.default or func is aten.pin_memory.default:
        return card.host.pin(tensors[0].clone())
    if func is aten.is_pinned.default:
        return card.host.is_pinned(tensors[0])
    if kwargs.get("pin_memory"):
        made: Tensor = func(*args, **{**kwargs, "pin_memory": False})
        return card.host.pin(made)
    result = func(*args, **kwargs)
    views = {key_of(each) for each in tensors}
    if func._schema.is_mutable or not all(key_of(each) in views for each in tensors_in(result)):
        card.host.check_read(tensors)
    card.host.inherit(tensors_in(result), tensors)
    return result


def _answer(card: Card, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The host waits for the card and looks at numbers there."""
    card.host_waits(f"{func}")
    if card.inner.type == "meta":
        raise NotImplementedError(f"{func} of numbers that are not there")
    result = func(*unwrapped(args), **unwrapped(kwargs))
    return card.on_card(result, None) if isinstance(result, Tensor) else result


def _bound(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tensor, Tensor, bool]:
    values = dict(zip((argument.name for argument in func._schema.arguments), args, strict=False)) | kwargs
    return values["self"], values["src"], bool(values.get("non_blocking"))


def _convert(card: Card, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``Tensor.to`` in all its forms."""
    values = dict(zip((argument.name for argument in func._schema.arguments), args, strict=False)) | kwargs
    source: Tensor = values["self"]
    if func is aten.to.other:
        values |= {"device": values["other"].device, "dtype": values["other"].dtype}
    device = torch.device(values.get("device") or source.device)
    dtype: torch.dtype = values.get("dtype") or source.dtype
    non_blocking = bool(values.get("non_blocking"))
    copies = func is aten._to_copy.default or bool(values.get("copy"))
    memory_format = values.get("memory_format")
    if isinstance(source, CardTensor):
        if device.type == "cuda":
            options = {} if memory_format is None else {"memory_format": memory_format}
            return launch(card, aten.to.dtype, (source, dtype, False, copies), options, [source])
        return _to_host(card, source, dtype, non_blocking)
    if device.type != "cuda":
        card.host.check_read([source])
        result = func(*args, **kwargs)
        card.host.inherit([result], [source])
        return result
    _leaves_host(card, source, non_blocking)
    inner = source.to(device=card.inner, dtype=dtype, copy=True)
    if memory_format is not None and memory_format is not torch.preserve_format:
        inner = inner.contiguous(memory_format=memory_format)
    return card.on_card(inner, "copy to the card")


def _to_host(card: Card, source: CardTensor, dtype: torch.dtype, non_blocking: bool) -> Tensor:
    if card.capturing is not None:
        card.refuse_in_capture("a copy to the host")
    if not non_blocking:
        card.host_waits("copy to the host")
        return host_like(source.inside, dtype)
    # torch pins what such a copy goes to, and nobody can know when it is there.
    place = card.host.pin(host_like(source.inside, dtype))
    card.host.send(place, place)
    return place


def _leaves_host(card: Card, source: Tensor, non_blocking: bool) -> None:
    card.host.check_read([source])
    if card.capturing is not None:
        card.refuse_in_capture("a copy from the host")
    if not (non_blocking and card.host.is_pinned(source)):
        card.host_waits("copy from the host's ordinary memory")


def _copy(card: Card, target: Tensor, source: Tensor, non_blocking: bool) -> Tensor:
    """``Tensor.copy_``."""
    if isinstance(target, CardTensor):
        if not isinstance(source, CardTensor):
            _leaves_host(card, source, non_blocking)
            source = card.on_card(source.to(card.inner, copy=True), None)
        launch(card, aten.copy_.default, (target, source), {}, [target, source])
        return target
    if not isinstance(source, CardTensor):
        card.host.check_read([source])
        return target.copy_(source)
    if card.capturing is not None:
        card.refuse_in_capture("a copy to the host")
    card.order([source.block], [])
    data = host_like(source.inside)
    if non_blocking and card.host.is_pinned(target):
        card.host.send(target, data)
    else:
        card.host_waits("copy to the host")
        target.copy_(data)
    return target


_attention = functional.scaled_dot_product_attention


def attention(query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Attention as one operation: outside of inference mode torch takes it apart, for want of the card's kernels."""
    if not isinstance(query, CardTensor):
        return _attention(query, key, value, *args, **kwargs)
    with _disable_current_modes():
        result: Tensor = dispatch(
            query.card, aten.scaled_dot_product_attention.default, (query, key, value, *args), kwargs
        )
    return result
