"""Writes docs/osc.md: every address of OSC, from the table that packets are read and written by.

``python -m tools.osc_reference`` writes it; a test says when it is no longer current.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from midifrag.doors.osc.packets import MOST_MESSAGES, MOST_NESTED
from midifrag.doors.osc.table import IN, MOST_TEXT, OUT, Address, Argument, Kind

PAGE = Path(__file__).resolve().parent.parent / "docs" / "osc.md"

_INTRODUCTION = f"""\
# OSC

Programs that speak [Open Sound Control](https://opensoundcontrol.stanford.edu) hear of each landing and press pads:
Pure Data, SuperCollider, Max, TouchOSC and the like. It is off until `presets.yaml` says where:

```yaml
osc:
  listen: 7400                 # messages come in here, from this machine alone
  send: "127.0.0.1:7401"       # and go out there; several as a list
```

`listen: "0.0.0.0:7400"` hears the network too: whoever is in it can then press pads, as OSC knows no password.
A port that another program has is told, and tried again; a target that is away costs nothing. Changes of these keys
count at once.

What comes in may be in bundles, {MOST_NESTED} within each other and up to {MOST_MESSAGES} messages a packet; their
times are not waited for. Whole numbers are taken as floats too, as Pure Data sends them, and texts have at most
{MOST_TEXT} characters. What cannot be understood is left out; each mistake is told once, the first eight about an
address, and then how many they have become. Names of pads are matched with their capitals. `/midifrag/all` tells a
program that comes late how everything stands. The page's tab OSC (also at `/osc`) lists these addresses and sends
those that come in.

This page is made by `python -m tools.osc_reference`.
"""

_EXAMPLES = """\
## Pure Data

[slots.pd](../tests/doors/osc/slots.pd) reads each fragment into a pair of arrays, plays it, and presses pads:

```
[netreceive -u -b 7401]  →  [oscparse]  →  [list trim]  →  [route midifrag]  →  [route slot]
      →  [read -resize $2 slot$1L slot$1R(  →  [soundfiler]
[36 100(  →  [oscformat midifrag press]  →  [list prepend send]  →  [list trim]  →  [netsend -u -b]
```

Connect `netsend` with `[connect 127.0.0.1 7400(` first.

## SuperCollider

With `send: "127.0.0.1:57120"`, where sclang listens (the tests have its server load and play what lands; these lines
themselves were not run):

```supercollider
~slots = IdentityDictionary.new;
OSCdef(\\slot, { |message|
    var number = message[1], path = message[2].asString;
    Buffer.read(s, path, action: { |buffer|
        ~slots[number] !? { |old| old.free };
        ~slots[number] = buffer;
        buffer.play;
    });
}, '/midifrag/slot');

NetAddr("127.0.0.1", 7400).sendMsg('/midifrag/press', 36, 100);
```
"""


def page() -> str:
    """The page as it should be."""
    return "\n".join([_INTRODUCTION, *_section("What goes out", OUT), *_section("What comes in", IN), _EXAMPLES])


def _section(title: str, addresses: Sequence[Address]) -> Iterator[str]:
    yield f"## {title}\n"
    for address in addresses:
        yield f"### `{address.path}`\n"
        yield f"{address.line[0].upper()}{address.line[1:]}.\n"
        if address.arguments:
            yield "| argument | type | limits | what it says |"
            yield "| --- | --- | --- | --- |"
            yield from map(_row, address.arguments)
            yield ""


def _row(argument: Argument) -> str:
    left_out = ", may be left out" if argument.optional else ""
    limits = f"{argument.limits[0]:g} to {argument.limits[1]:g}" if argument.limits and _are_told(argument) else ""
    kind = f"{argument.kind.words} (`{argument.kind.tags}`){left_out}"
    return f"| {argument.name} | {kind} | {limits} | {argument.line} |"


def _are_told(argument: Argument) -> bool:
    """Whether an argument's limits are more than what no number exceeds."""
    return argument.kind is not Kind.BANK and argument.limits is not None and argument.limits[1] < 10_000


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
