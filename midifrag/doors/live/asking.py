"""Asks the show that runs on this machine about Live, as commands do."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Literal

from midifrag.doors.live import answers, wire
from midifrag.doors.live.meeting import Meeting
from midifrag.doors.live.used_files import LONGEST
from midifrag.errors import DoorError

#: Seconds that a show may take to answer of itself.
PATIENCE = 8.0
#: The longest answer, in bytes.
_LONGEST = 64 * 1024 * 1024


def ask_status(path: Path) -> answers.Status | None:
    """How the door of the show stands that the file ``path`` names; None where no show runs. Raises `DoorError`."""
    answer = _ask(path, "status")
    if answer is None or isinstance(answer, answers.Status):
        return answer
    raise _odd(answer)


def ask_used(path: Path) -> answers.Used | None:
    """Which files the Set uses that is loaded in Live; None where no show runs. Raises `DoorError`."""
    answer = _ask(path, "files", PATIENCE + LONGEST)
    if answer is None or isinstance(answer, answers.Used):
        return answer
    raise _odd(answer)


def _ask(path: Path, what: Literal["status", "files"], patience: float | None = None) -> answers.Answer | None:
    meeting = Meeting.read(path)
    if meeting is None:
        return None
    try:
        with socket.create_connection(("127.0.0.1", meeting.port), timeout=PATIENCE) as connection:
            connection.settimeout(patience or PATIENCE)
            connection.sendall(wire.line_of(wire.Ask(token=meeting.token, what=what)))
            with connection.makefile("rb") as file:
                line = file.readline(_LONGEST)
    except ConnectionRefusedError:
        # What a show left behind that was killed.
        return None
    except OSError as error:
        raise DoorError(f"the midifrag that runs (process {meeting.pid}) does not answer: {error}") from error
    try:
        return answers.answer_of(line)
    except wire.OddLineError as error:
        raise DoorError(f"what answers at port {meeting.port} is no midifrag of this version: {error}") from error


def _odd(answer: answers.Answer) -> DoorError:
    text = answer.text if isinstance(answer, wire.Refused) else "another answer than was asked for"
    return DoorError(f"the midifrag that runs says: {text}")
