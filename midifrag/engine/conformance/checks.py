"""Assertions without pytest."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from midifrag.errors import RequestError


def require(condition: bool, otherwise: str) -> None:
    """Assert that also works under ``python -O``."""
    if not condition:
        raise AssertionError(otherwise)


@contextlib.contextmanager
def must_refuse(what: object) -> Iterator[None]:
    """Fail unless the block raises `RequestError`."""
    try:
        yield
    except RequestError:
        return
    raise AssertionError(f"{what} was not refused with RequestError")
