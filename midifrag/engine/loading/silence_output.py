"""Keeping other packages from talking over a performer's terminal."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def silence_output() -> Iterator[None]:
    """Swallow prints, progress bars and Python warnings while a model is imported, built or asked.

    stable-audio-tools prints on construction, transformers draws bars, and they and what they import warn about their
    own deprecations, none of which a performer can act on.
    """
    sink = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
        warnings.simplefilter("ignore")
        yield
