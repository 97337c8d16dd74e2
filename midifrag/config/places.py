"""Types of settings that name a place: on the disk, or in a network."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from midifrag.config.folders import folder_problem
from midifrag.config.value_types import NotBlank

_REPOSITORY = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)
#: The address of a model's page, or of a file or a folder there.
_PAGE = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(?:models/)?([\w.-]+/[\w.-]+)", re.ASCII)
#: What addresses begin with, and paths do not; a drive of Windows is one letter.
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:/", re.ASCII | re.IGNORECASE)


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
    # On Windows, a colon names a drive or a file's other stream.
    if any(one in value for one in "\\:\0") or value.startswith("~") or not all(part.strip(". ") for part in parts):
        return f"{value!r} is no file of a repository; it looks like model.ckpt or folder/model.ckpt"
    return None


def _path(value: str) -> str:
    if not _SCHEME.match(value):
        return _place(value)
    pasted = _PAGE.match(value)
    if pasted:
        way_out = f"write hub: {pasted[1]} for a model of the hub, in place of this"
    elif value.lower().startswith("file:"):
        way_out = "write the path alone, without file://"
    else:
        way_out = "download it and write where it lies; a model of the hub is named with hub: owner/name"
    raise ValueError(f"{value!r} is an address, and no path of this machine; {way_out}")


def _repository(value: str) -> str:
    name = value.strip().rstrip("/")
    if _REPOSITORY.fullmatch(name) and ".." not in name:
        return name
    pasted = _PAGE.match(name)
    meant = f"; write {pasted[1]}" if pasted else ", as the hub writes it above a model's page"
    raise ValueError(f"{value!r} is not the name of a hub repository; it looks like owner/name{meant}")


def _revision(value: str) -> str:
    if repository_file_problem(value) is not None:
        raise ValueError(f"{value!r} is no revision; it looks like main, v1.0 or the beginning of a commit")
    return value


def _repository_file(value: str) -> str:
    problem = repository_file_problem(value)
    if problem is not None:
        raise ValueError(problem)
    return value


def path_problem(value: str) -> str | None:
    """Why this can be no path of a file that a model consists of; None where it can."""
    return _why_not(_path, value)


def hub_file_problem(repository: str, file: str, revision: str | None = None) -> str | None:
    """Why these can be no file of a repository of the hub; None where they can."""
    trouble = _why_not(_repository, repository) or repository_file_problem(file)
    return trouble or (None if revision is None else _why_not(_revision, revision))


def _why_not(check: Callable[[str], str], value: str) -> str | None:
    try:
        check(value)
    except ValueError as error:
        return str(error)
    return None


#: A repository of the hub, owner/name.
Repository: TypeAlias = Annotated[str, AfterValidator(_repository)]
#: A branch, a tag or a commit, which is a file's name in the hub's cache as well.
Revision: TypeAlias = Annotated[NotBlank, AfterValidator(_revision)]
#: A file's name in a repository of the hub.
RepositoryFile: TypeAlias = Annotated[str, AfterValidator(_repository_file)]
#: A folder or a file, from the home folder on where it begins with ``~``.
Folder: TypeAlias = Annotated[str, AfterValidator(_place)]
#: The same for what a model consists of, which people paste addresses for.
ModelPath: TypeAlias = Annotated[str, AfterValidator(_path)]
#: An address to listen on.
Address: TypeAlias = Annotated[str, AfterValidator(_address)]
