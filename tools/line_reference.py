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
from midifrag.serving import rates

PAGE = Path(__file__).resolve().parent.parent / "docs" / "line.md"

_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "none"}
_PARTS: dict[type[BaseModel], str] = {
    messages.Wish: "a wish",
    messages.Sound: "a sound",
    messages.LoraFile: "a LoRA",
    messages.Wanted: "a wanted upload",
    messages.ModelStatus: "a model status",
}
_INTRODUCTION = """\
# The line

How a show and engines on another machine talk. Both ends are midifrag's; this page is for those who look at what
travels, or write an end of their own. It is made by `python -m tools.line_reference` from
`midifrag/engine/line/requests.py`, `answers.py` and `parts.py`, which check every message.

A connection is a WebSocket at `/line`, with the header `Authorization: Bearer TOKEN` and the subprotocol
`{subprotocol}`. A wrong token is answered with 403; a client without this subprotocol with a close of 4406, whose
reason says which of the two is to be updated. Each binary message is one frame:

{layout}

A header is at most {header} bytes long, raw bytes at most {piece}. What is no such frame, has a key too many, or a
value of another type or beyond its limits, ends the connection with 1002, and what is larger than any frame with
1009.

**Versions**: within `{subprotocol}`, a minor version ({minor} here) counts what was added that the other end may
leave out of account. `welcome` says the server's, `hello` the client's. Of an end whose minor version is newer,
messages of a kind that is not known here are left out, and so are keys; of one that is as old or older, either ends
the connection. Keys of a wish are never left out, since the take would be another one: such a job is `refused`,
with the key and the way out. All else that an older end would misunderstand is a new subprotocol.

**Jobs** have ids that their clients make, and belong to a token and its id. They live with the engine: a connection
that ends does not end them, and what became of one is kept. After a drop, a client connects again and sends `ask`
once more, the same in all but `have` and `place`: what was finished comes from where it had come to, what is under
way is told of from here on, and what nobody has any more is rendered again from the same seed. A piece of audio
that begins at 0 begins anew. `kept` says that a take has arrived. A job that was cancelled and is asked for again
begins anew.

**Audio** travels in pieces, in the coding that was asked for. `rendered` follows the last one, with the SHA-256 of
the whole as it travels, and the coding that it is in. `float32` is little-endian, one channel after the other.
`flac` is a FLAC file of 24 bits, for lines that are slow: about half of it. Its samples are divided by the take's
peak, which `rendered` has as `scale`; what is rounded away is at most half a step, 144 dB below the peak. What FLAC
cannot hold comes as float32. A server sends {window} bytes beyond what `received` has said (an eighth more
where a take ends with them), up to {most} where a line brings so much within a quarter of a second, and then waits;
everything else goes on meanwhile. A client says `received` when half of `window` has come that it has not told of,
and with the end of each take.

**Uploads**: what a take begins from, and LoRAs, are named in a wish by the SHA-256 of their bytes. What the server
does not have of them it says in `lacking`; the job waits, and can be cancelled. A client sends pieces of at most
{piece} bytes from `have` on, no more than `upload_window` of `welcome` beyond what `taken` has said; a server that
is slow slows its client so. When all is there and its checksum right, the job goes to the engine. What came
otherwise, was lost on the way or with its replica is asked for again, under another ticket. After a drop, `ask` is
answered with `lacking` again, which says where to go on. Uploads belong to a token: another one that names the same
checksum is asked for all of it, and learns nothing. They are kept with the replica, for as long as it lives, within
the limits that `info` says; what was used longest ago goes first. LoRAs are .safetensors files alone: nothing is
unpickled, and what is no such file, or does not fit the model, fails the job with the reason.

**Silence**: a client pings four times a second. A server closes (1001) where nothing has come for ten seconds. One
that ends says `moving` and refuses new jobs. It finishes those in flight and waits until `kept` has come for each
take that it sent, for as many seconds as `drains` of `welcome` says; then it closes with 1012. So does, at once, one
that stays after all, with whoever has heard `moving`. A client calls again after a quarter of a second, and then less
and less often, up to every four seconds.

**Haste**: a server ends a connection (1002) on which more than {hasty} messages come in a second, or {asking} that are
answered at once, `ping` and `look`.
"""


def page() -> str:
    """The page as it should be."""
    layout = (frames.__doc__ or "").split("\n\n")[1]
    rows = [row.split("  ", 1) for row in layout.splitlines() if not row.startswith("=")]
    (first, second), *others = [(one.strip().replace("``", "`"), two.strip().replace("``", "`")) for one, two in rows]
    table = "\n".join([f"| {first} | {second} |", "| --- | --- |", *(f"| {one} | {two} |" for one, two in others)])
    parts = [
        _INTRODUCTION.format(
            subprotocol=messages.SUBPROTOCOL, minor=messages.MINOR, layout=table, header=frames.MOST_HEADER,
            piece=frames.PIECE, window=flow.WINDOW, most=flow.WINDOW_MOST,
            hasty=rates.MOST, asking=rates.MOST_ANSWERED,
        ),
        "## From a client\n",
        *(_section(one, one.kind()) for one in messages.FROM_CLIENTS),
        "## From a server\n",
        *(_section(one, one.kind()) for one in messages.FROM_SERVERS),
        "## Parts\n",
        _section(messages.Wish, "wish"),
        _section(messages.Sound, "sound"),
        _section(messages.LoraFile, "LoRA"),
        _section(messages.Wanted, "wanted upload"),
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
        return _PARTS[annotation]
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
