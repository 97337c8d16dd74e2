"""Two ways to make one kernel of a function: Triton by torch's compiler, and CUDA source where there is no Triton.

What they make is kept on disk for the next start. Neither can make anything off a card.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

from midifrag.engine.network import pointwise
from midifrag.engine.network.convolutions import is_measuring

Function: TypeAlias = Callable[..., Any]
#: Makes a faster form of a plain function of this name, or none. Raises anything.
Maker: TypeAlias = Callable[[str, Function], Function | None]

#: What is given to a compiler in the place of what is written for one kernel an operation.
_TO_COMPILE: dict[str, Function] = {"snake": pointwise.snake_at_once, "rotate": pointwise.rotate_at_once}
#: Where compilers look for their folder, and the folder's name.
_PLACES = {"TORCHINDUCTOR_CACHE_DIR": "compiled", "TRITON_CACHE_DIR": "triton", "PYTORCH_KERNEL_CACHE_PATH": "cuda"}


def compiled(name: str, plain: Function, **how: Any) -> Function | None:
    """One Triton kernel, by torch's compiler; None without Triton. ``how`` is `torch.compile`'s."""
    if find_spec("triton") is None:
        return None
    keep_on_disk()
    made: Function = torch.compile(_TO_COMPILE.get(name, plain), dynamic=True, fullgraph=True, **how)
    return OnlyKnown(made, plain)


class OnlyKnown:
    """A compiled function, for the kinds of input that were met while `measuring`; others are computed plainly.

    So nothing is compiled while a press waits.
    """

    def __init__(self, made: Function, plain: Function) -> None:
        self._made, self._plain = made, plain
        self._known: set[tuple[object, ...]] = set()

    def __call__(self, x: Tensor, *others: Any) -> Any:
        """The function's result."""
        alike = tuple(each is x for each in others)
        ones = tuple(size == 1 for size in x.shape[:-1])
        kind = (x.dtype, x.shape[-1], ones, x.is_contiguous(), torch.is_inference_mode_enabled(), alike)
        if kind not in self._known:
            if not is_measuring():
                return self._plain(x, *others)
            self._known.add(kind)
        return self._made(x, *others)


SNAKE_SOURCE = """
template <typename T> T snake(T x, T two_alpha, T its_rest, T half_over_beta, T that_s_rest) {
    T c = half_over_beta + that_s_rest;
    return x + c - c * cos((two_alpha + its_rest) * x);
}
"""
GATE_SOURCE = """
template <typename T> T gate(T value, T gated) {
    return value * gated / (T(1) + exp(-gated));
}
"""


def jiterated(name: str, plain: Function) -> Function | None:
    """One kernel of CUDA source, by the compiler that comes with PyTorch; None for functions without a source."""
    del plain
    if name not in _SOURCES:
        return None
    keep_on_disk()
    source, play = _SOURCES[name]
    return play(torch.cuda.jiterator._create_jit_fn(source))


def with_tables_in_two(made: Function) -> Function:
    """Snake by a kernel all of whose inputs have one format, and which computes in fp32."""

    def play(x: Tensor, two_alpha: Tensor, half_over_beta: Tensor, out: Tensor) -> Any:
        del out
        return made(x, *_in_two(two_alpha, x.dtype), *_in_two(half_over_beta, x.dtype))

    return play


def with_both_halves(made: Function) -> Function:
    """The gate by a kernel that takes its two halves."""
    return lambda x: made(*x.chunk(2, dim=-1))


#: CUDA source, and what makes a function of its kernel.
_SOURCES: dict[str, tuple[str, Callable[[Function], Function]]] = {
    "snake": (SNAKE_SOURCE, with_tables_in_two),
    "gate": (GATE_SOURCE, with_both_halves),
}


@lru_cache(maxsize=256)
def _in_two(exact: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """A tensor as the sum of two in ``dtype``, so that nothing of it is lost."""
    rough = exact.to(dtype)
    return rough, (exact - rough.to(exact.dtype)).to(dtype)


def keep_on_disk(home: Path | None = None) -> Path | None:
    """Have compilers keep what they make, for the next start; a folder that the environment names is left alone.

    One machine's folder serves others with the same card and the same PyTorch. None where it cannot be made.
    """
    folder = (home or Path.home()) / ".midifrag" / "kernels" / torch.__version__
    # Processes of its own would outlive an engine that is killed.
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
    try:
        for variable, name in _PLACES.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            os.environ.setdefault(variable, str(folder / name))
    except OSError:
        # Kernels are then made anew at every start.
        return None
    return folder
