"""stable-audio-tools without what it imports and rendering does not need: most of the seconds that a load takes.

Its transformer has torch's compiler brought in for an attention that few models have, and its samplers bring their
k-diffusion, with which come torchsde and SciPy's integrals. midifrag has samplers of its own. SciPy's signals are there
for a transform that no network is built of, and trio, through transformers, for who runs under it. Whoever does use
them, as stock inference does, gets them at the first use.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
import threading
import types
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import torch

#: What torch is replaced in belongs to the whole process.
_ONE_AT_A_TIME = threading.RLock()
_COMPILER = "torch._dynamo"
#: What is not imported before something of it is used.
_LATER = ("stable_audio_tools.inference.k_diffusion", "scipy.signal", "trio")


class _Later(types.ModuleType):
    """Stands for a module until something of it is used."""

    def __getattr__(self, name: str) -> Any:
        # Of what imports look at, a package's place alone is asked for by who wants something that lies in it.
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = importlib.import_module(self.__name__)
        hide_no_failures()
        return getattr(module, name)


def hide_no_failures() -> None:
    """Have torch's compiler tell its failures: both packages have it hide them, process-wide."""
    if _COMPILER in sys.modules:
        torch._dynamo.config.suppress_errors = False


@contextlib.contextmanager
def light_imports() -> Iterator[None]:
    """Within, import stable-audio-tools, and build what it builds, without what only stock inference needs."""
    with _ONE_AT_A_TIME, contextlib.ExitStack() as later:
        for name in _LATER:
            later.enter_context(_imported_later(name))
        later.enter_context(_compiler_later())
        yield


@contextlib.contextmanager
def _imported_later(name: str) -> Iterator[None]:
    # What is not installed shall be missed, at once, by who can do without it.
    if name in sys.modules or ("." not in name and find_spec(name) is None):
        yield
        return
    later = sys.modules[name] = _Later(name)
    try:
        yield
    finally:
        # Others who import it get it.
        if sys.modules.get(name) is later:
            del sys.modules[name]


@contextlib.contextmanager
def _compiler_later() -> Iterator[None]:
    if _COMPILER in sys.modules:
        yield
        return
    later = _Later(_COMPILER)
    later.config = types.SimpleNamespace(cache_size_limit=0, suppress_errors=False)  # type: ignore[attr-defined]  # of a module made here
    compile_now, attributes = torch.compile, vars(torch)
    attributes["_dynamo"], attributes["compile"] = later, _compiled_at_first_use
    try:
        yield
    finally:
        attributes["compile"] = compile_now
        # Where it was imported meanwhile, it has taken the place.
        if attributes.get("_dynamo") is later:
            del attributes["_dynamo"]


def _compiled_at_first_use(function: Callable[..., Any], **how: Any) -> Callable[..., Any]:
    """`torch.compile`, but for when."""
    compiled = functools.cache(lambda: torch.compile(function, **how))

    @functools.wraps(function)
    def call(*arguments: Any, **named: Any) -> Any:
        return compiled()(*arguments, **named)

    return call
