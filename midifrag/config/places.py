"""Types of settings that name a place: on the disk, or in a network."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from midifrag.config.folders import folder_problem


def _place(value: str) -> str:
    problem = folder_problem(value)
    if problem is not None:
        raise ValueError(problem)
    return value


def _address(value: str) -> str:
    try:
        if value.isprintable() and " " not in value:
            value.encode("idna")
            return value
    except UnicodeError:
        pass
    raise ValueError(f"{value!r} is no address; 127.0.0.1 is this machine's own, 0.0.0.0 every one that it has")


#: A folder or a file, from the home folder on where it begins with ``~``.
Folder: TypeAlias = Annotated[str, AfterValidator(_place)]
#: An address to listen on.
Address: TypeAlias = Annotated[str, AfterValidator(_address)]
