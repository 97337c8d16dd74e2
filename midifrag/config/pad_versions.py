"""Versions of a pad: what a bank's file says of it, and whether an edit would take back what somebody else saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from midifrag.config.pads import Pad
from midifrag.config.yaml_files import plain
from midifrag.errors import EditConflictError
from midifrag.pad_key import PadKey


def says(pad: Any) -> dict[str, Any]:
    """What a file says of a pad, without defaults, in one form however it is written; with mistakes, as it is."""
    said = plain(pad)
    try:
        return Pad.model_validate(said).model_dump(exclude_unset=True, by_alias=True)
    except ValidationError:
        return dict(said) if isinstance(said, dict) else {"": said}


def refuse_conflict(
    key: PadKey,
    version: Mapping[str, Any] | None,
    now: Mapping[str, Any] | None,
    values: Mapping[str, Any] | None = None,
) -> None:
    """Raise `EditConflictError` if a pad is not as it was in ``version``, and ``values`` would overwrite that.

    ``now`` is what the file says; in both, None is no pad at all. Without ``values`` the whole pad would go.
    """
    if version is None or now is None or values is None:
        if version != now:
            raise EditConflictError(key.name, now, now or ())
        return
    given = {name: value for name, value in values.items() if value is not None}
    wanted = says({**now, **given})
    lost = [
        name
        for name in values
        if now.get(name) != version.get(name) and now.get(name) != (wanted.get(name) if name in given else None)
    ]
    if lost:
        raise EditConflictError(key.name, now, lost)
