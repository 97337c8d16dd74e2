"""Adds, renames and orders the banks of a set: its set list, and the files that this names.

Raises `ConfigurationError` with what ``check`` would say, and `StorageError`; the set's files then stay as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from midifrag.config.entry_editing import FileEdit, document_of, write_change
from midifrag.config.entry_text import in_order, with_entry, with_value
from midifrag.config.loading import Loaded, bank_name, bank_path
from midifrag.config.pad_editing import read_file_of
from midifrag.config.yaml_writing import dump, in_one_line, load_editable
from midifrag.errors import ConfigurationError, Problem
from midifrag.fragment.files import move_exclusively, storage_error, write_whole

#: What a bank without a pattern begins with: a set needs a pad in each.
_FIRST = 'name: {name}\npads:\n  36: {{prompt: "a new sound"}}\n'
#: Keys that two banks cannot share.
_OWN = ("program", "bank_select")


def add_bank(loaded: Loaded, name: str, like: str | None = None) -> FileEdit:
    """Add a bank called ``name`` at the end of the set list: a copy of bank ``like``, or one with a single pad.

    A copy leaves out the program change that selects the other one. Its file stays where this is taken back.
    """
    name = name.strip()
    slug = _free_slug(loaded, name)
    path, before = read_file_of(loaded, None)
    document = document_of(loaded, None, before)
    _create(loaded, slug, _content(loaded, name, like))
    after = with_entry(before, "set_list", slug, f"- {slug}")
    meant = document | {"set_list": [*(document.get("set_list") or []), slug]}
    try:
        return write_change(loaded, None, path, (before, after), meant, f"set_list: {slug}")
    except Exception:
        bank_path(loaded.path, slug).unlink(missing_ok=True)
        raise


def rename_bank(loaded: Loaded, slug: str, name: str) -> FileEdit:
    """Give a bank another name; its file keeps its own."""
    path, before = read_file_of(loaded, slug)
    document = document_of(loaded, slug, before)
    after = with_value(before, "name", _scalar(name.strip()))
    return write_change(loaded, slug, path, (before, after), document | {"name": name.strip()}, "name")


def order_banks(loaded: Loaded, slugs: Sequence[str]) -> FileEdit:
    """Put the banks of the set list into another order."""
    path, before = read_file_of(loaded, None)
    document = document_of(loaded, None, before)
    listed = list(document.get("set_list") or [])
    if sorted(listed) != sorted(slugs):
        message = "has been changed meanwhile; try again"
        raise ConfigurationError([Problem(loaded.path.name, None, "set_list", message)])
    after = in_order(before, "set_list", [listed.index(slug) for slug in slugs])
    return write_change(loaded, None, path, (before, after), document | {"set_list": list(slugs)}, "set_list")


def _free_slug(loaded: Loaded, name: str) -> str:
    """A file's name for a bank: words of plain letters and digits; another number where it is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "bank"
    taken = {bank.slug.casefold() for bank in loaded.banks}
    number, slug = 1, stem
    while slug in taken or bank_path(loaded.path, slug).exists():
        number += 1
        slug = f"{stem}-{number}"
    return slug


def _content(loaded: Loaded, name: str, like: str | None) -> bytes:
    if like is None:
        return _FIRST.format(name=_scalar(name)).encode()
    _, content = read_file_of(loaded, like)
    renamed = with_value(content, "name", _scalar(name))
    if renamed is None:
        raise ConfigurationError([Problem(bank_name(like), None, "name", "can only be changed with an editor")])
    document: Any = load_editable(renamed.decode("utf-8-sig"))
    if not any(key in document for key in _OWN):
        return renamed
    for key in _OWN:
        document.pop(key, None)
    return dump(document).encode()


def _scalar(text: str) -> str:
    """A text as YAML has it after a key."""
    return dump(in_one_line({"name": text})).strip().removeprefix("{name:").removesuffix("}").strip()


def _create(loaded: Loaded, slug: str, content: bytes) -> None:
    """Write a bank's file, which must not be there."""
    path = bank_path(loaded.path, slug)
    aside = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(exist_ok=True)
        aside.unlink(missing_ok=True)
        write_whole(aside, content)
        if not move_exclusively(aside, path):
            aside.unlink(missing_ok=True)
            raise ConfigurationError([Problem(bank_name(slug), None, "", "is there already; try again")])
    except OSError as error:
        raise storage_error("write", path, error) from error
