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


def repository_file_problem(value: str) -> str | None:
    """Why this can be no file's name in a repository of the hub; None where it can."""
    parts = value.split("/")
    if "\\" in value or "\0" in value or value.startswith("~") or not all(part.strip(". ") for part in parts):
        return f"{value!r} is no file of a repository; it looks like model.ckpt or folder/model.ckpt"
    return None


def _repository_file(value: str) -> str:
    problem = repository_file_problem(value)
    if problem is not None:
        raise ValueError(problem)
    return value


#: A file's name in a repository of the hub.
RepositoryFile: TypeAlias = Annotated[str, AfterValidator(_repository_file)]
#: A folder or a file, from the home folder on where it begins with ``~``.
Folder: TypeAlias = Annotated[str, AfterValidator(_place)]
#: An address to listen on.
Address: TypeAlias = Annotated[str, AfterValidator(_address)]
