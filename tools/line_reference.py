"""Writes docs/line.md: every message of the line to engines elsewhere, from the classes that check them.

``python -m tools.line_reference`` writes it; a test says when it is no longer current.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from midifrag.engine.line import flow, frames, messages

PAGE = Path(__file__).resolve().parent.parent / "docs" / "line.md"

_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "none"}
_INTRODUCTION = """\
# The line

How a show and engines on another machine talk. Both ends are midifrag's; this page is for those who look at what
travels, or write an end of their own. It is made by `python -m tools.line_reference` from
`midifrag/engine/line/messages.py`, which checks every message.

A connection is a WebSocket at `/line`, with the header `Authorization: Bearer TOKEN` and the subprotocol
`{subprotocol}`. A wrong token is answered with 403; a client without this subprotocol with a close of 4406. Each
binary message is one frame:

{layout}

A header is at most {header} bytes long, raw bytes at most {piece}. What is no such frame, has a key too many, or a
value of another type or beyond its limits, ends the connection with 1002, and what is larger than any frame with
1009.

**Jobs** have ids that their clients make, and belong to a token and its id. They live with the engine: a connection
that ends does not end them, and what became of one is kept. After a drop, a client connects again and sends `ask`
once more, the same in all but `have` and `place`: what was finished comes from where it had come to, what is under
way is told of from here on, and what nobody has any more is rendered again from the same seed. A piece of audio that
begins at 0 begins anew. `kept` says that a take has arrived.

**Audio** is little-endian float32, one channel after the other, in pieces. `rendered` follows the last one, with the
SHA-256 of the whole. A server sends {window} bytes beyond what `received` has said, and then waits; everything else
goes on meanwhile.

**Silence**: a client pings four times a second. A server closes (1001) where nothing has come for ten seconds. One
that ends says `moving`, refuses new jobs, finishes those in flight and closes with 1012.
"""


def page() -> str:
    """The page as it should be."""
    layout = (frames.__doc__ or "").split("\n\n")[1]
    rows = [row.split("  ", 1) for row in layout.splitlines() if not row.startswith("=")]
    (first, second), *others = [(one.strip().replace("``", "`"), two.strip().replace("``", "`")) for one, two in rows]
    table = "\n".join([f"| {first} | {second} |", "| --- | --- |", *(f"| {one} | {two} |" for one, two in others)])
    parts = [
        _INTRODUCTION.format(
            subprotocol=messages.SUBPROTOCOL, layout=table, header=frames.MOST_HEADER, piece=frames.PIECE,
            window=flow.WINDOW,
        ),
        "## From a client\n",
        *(_section(one, one.kind()) for one in messages.FROM_CLIENTS),
        "## From a server\n",
        *(_section(one, one.kind()) for one in messages.FROM_SERVERS),
        "## Parts\n",
        _section(messages.Wish, "wish"),
        _section(messages.ModelStatus, "model status"),
    ]  # fmt: skip
    return "\n".join(parts)


def _section(model: type[BaseModel], name: str) -> str:
    lines = [f"### {name}\n", f"{inspect.getdoc(model)}\n"]
    if model.model_fields:
        lines += ["| key | type | default | what |", "| --- | --- | --- | --- |"]
        lines += [_row(key, field) for key, field in model.model_fields.items()]
        lines.append("")
    return "\n".join(lines)


def _row(key: str, field: FieldInfo) -> str:
    if field.is_required():
        default = "required"
    else:
        default = "none" if field.default is None else f"`{field.default!r}`" if field.default != () else "`[]`"
    what = (field.description or "").replace("|", "\\|")
    return f"| `{key}` | {', '.join([_type(field.annotation), *_limits(field.metadata)])} | {default} | {what} |"


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        limits = [limit for one in arguments[1:] for limit in _limits(getattr(one, "metadata", [one]))]
        return ", ".join([_type(arguments[0]), *limits])
    if origin in (Union, types.UnionType):
        return " or ".join(_type(one) for one in arguments)
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in arguments)
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"names with {_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a wish" if annotation is messages.Wish else "a model status"
    return _PLAIN[annotation]


def _limits(metadata: list[Any]) -> Iterator[str]:
    words = (
        ("ge", "from {}"), ("gt", "above {}"), ("le", "to {}"), ("max_length", "at most {} long"),
        ("pattern", "as `{}`"),
    )  # fmt: skip
    for one in metadata:
        for name, text in words:
            value = getattr(one, name, None)
            if value is not None:
                yield text.format(value).replace("|", "\\|")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
