"""Keeping other packages from talking over a performer's terminal."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Swallow prints and Python warnings while a model is imported or built.

    stable-audio-tools prints on construction, and it and what it imports warn about their own deprecations, none of
    which a performer can act on.
    """
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
