"""Which copies the states of plug-ins and Max devices name, as Live's files hold them.

Each has a format of its own: plain text, or bytes that are written as hexadecimal digits or base64, with names in
UTF-8, UTF-16 or otherwise escaped. So only a copy's number is looked for, with what may stand between it and ``.wav``:
too many found keep files, too few would delete them. What a plug-in has compressed is not seen.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

#: Bytes that a name may have from its number to its end, escaped.
LONGEST_NAME = 1000
#: Characters that hold any name whole, whatever they are written as; before them, a text may be cut in two.
OVERLAP = 8 * LONGEST_NAME
#: Digits that a number has at most.
_MOST_DIGITS = 12
#: A blank also as addresses and JSON write it.
_NUMBER = re.compile(rb"([0-9]{4,}+)(?: |%20|\\u0020)", re.IGNORECASE)
_END = re.compile(rb"\.wav", re.IGNORECASE)
_HEX = re.compile(r"[0-9A-Fa-f]+")
#: What may be digits or base64, as long as a name at least.
_RUN = re.compile(r"[0-9A-Za-z+/_-]{16,}")


def numbers_in(text: str) -> set[int]:
    """The numbers of copies that a text may name."""
    return {number for data in _readings(text) for number in _numbers(data)}


def _readings(text: str) -> Iterator[bytes]:
    """All bytes that a text may stand for; it may begin anywhere in them."""
    yield text.encode("utf-8", "replace")
    for found in _RUN.finditer("".join(text.split())):
        run = found[0]
        if _HEX.fullmatch(run):
            for start in range(2):
                digits = run[start:]
                yield bytes.fromhex(digits[: len(digits) // 2 * 2])
        else:
            letters = run.replace("-", "+").replace("_", "/")
            for start in range(4):
                part = letters[start:]
                yield base64.b64decode(part[: len(part) // 4 * 4] + _rest(part))


def _rest(letters: str) -> str:
    """What does not fill four letters of base64, filled."""
    rest = letters[len(letters) // 4 * 4 :]
    return rest + "=" * (4 - len(rest)) if len(rest) > 1 else ""


def _numbers(data: bytes) -> Iterator[int]:
    # Of UTF-16, all that is looked for are bytes between zeros.
    data = data.replace(b"\0", b"")
    done = 0
    for end in _END.finditer(data):
        for found in _NUMBER.finditer(data, max(done, end.start() - LONGEST_NAME), end.start()):
            digits = found[1][-_MOST_DIGITS:]
            # A digit before a name may be no part of it, as a length is.
            yield from (int(digits[start:]) for start in range(len(digits) - 3))
        done = end.start()
