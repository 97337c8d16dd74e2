"""The host's side: pinned memory, which is kept when it is freed, and copies that come some time later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from tests.cuda.card import Card
    from tests.cuda.streams import Moment

_MARK = "_pretended_pinned"


@dataclass(eq=False, frozen=True, slots=True)
class HostWrite:
    """A copy to the host under way: what will be there."""

    where: Tensor
    what: Tensor
    moment: Moment


class Pinned:
    """A pinned piece of memory; once nobody has it, the next of its size may."""

    def __init__(self, memory: HostMemory, size: int) -> None:
        self._memory, self._size = memory, size

    def __del__(self) -> None:
        self._memory.kept[self._size] += 1


class HostMemory:
    """``locked`` counts how often pages had to be locked, which takes long. With ``is_full`` no more can be."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self.kept: Counter[int] = Counter()
        self.under_way: list[HostWrite] = []
        self.locked = 0
        self.is_full = False

    def pin(self, tensor: Tensor) -> Tensor:
        """Mark a new tensor as pinned. Raises RuntimeError where nothing more can be."""
        if self._card.capturing is not None:
            self._card.refuse_in_capture("pinned memory")
        size = 1 << max(0, tensor.untyped_storage().nbytes() - 1).bit_length()
        if self.kept[size]:
            self.kept[size] -= 1
        elif self.is_full:
            raise RuntimeError("CUDA error: out of memory")
        else:
            self.locked += 1
        setattr(tensor, _MARK, Pinned(self, size))
        return tensor

    @staticmethod
    def is_pinned(tensor: Tensor) -> bool:
        """Whether it lies in pinned memory."""
        return hasattr(tensor, _MARK)

    def inherit(self, outputs: Iterable[Tensor], inputs: Iterable[Tensor]) -> None:
        """Views of pinned memory are pinned too."""
        pinned = {each.untyped_storage()._cdata: getattr(each, _MARK) for each in inputs if self.is_pinned(each)}
        for each in outputs if pinned else ():
            if (mark := pinned.get(each.untyped_storage()._cdata)) is not None:
                setattr(each, _MARK, mark)

    def send(self, where: Tensor, what: Tensor) -> None:
        """Begin a copy into pinned memory."""
        self.under_way.append(HostWrite(where, what.clone(), self._card.moment()))
        if where.is_floating_point():
            where.fill_(float("nan"))

    def land(self, writes: Iterable[HostWrite] | None = None) -> None:
        """These copies are there now, or all."""
        wanted = self.under_way if writes is None else writes
        with self._card.quietly():
            for write in [each for each in self.under_way if each in wanted]:
                write.where.copy_(write.what)
                self.under_way.remove(write)

    def check_read(self, tensors: Iterable[Tensor]) -> None:
        """Notice who reads what has not come yet."""
        if self.under_way:
            coming = {write.where.untyped_storage()._cdata for write in self.under_way}
            for each in tensors:
                if self.is_pinned(each) and each.untyped_storage()._cdata in coming:
                    self._card.violate("reads a copy before its event")

    def give_back(self) -> None:
        """Unlock what nobody has."""
        self.kept.clear()


def host_like(inner: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """What a copy of a tensor of the card's holds on the host; zeros for one that is a shape alone."""
    dtype = dtype or inner.dtype
    if inner.device.type == "meta":
        return torch.zeros(inner.shape, dtype=dtype)
    return inner.detach().clone().to(dtype)
