"""The doors through which anything may come in: bytes of MIDI and OSC, YAML, what engines or pages say, stored lines.

Each is a function of hypothesis that fails on whatever is neither taken nor refused in our own words. `DOORS` has them
all; `tests.faults.test_doors` tries each shortly, ``python -m tests.faults.fuzz DOOR`` for as long as one likes.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from midifrag.bridge.items import Item
from midifrag.config import loading
from midifrag.config.parameters import PARAMETERS
from midifrag.doors.osc.door import OscDoor
from midifrag.doors.osc.table import COMING
from midifrag.engine.border import Border
from midifrag.engine.messages import Cancelled, Died, EngineEvent, Failed, Render, Rendered
from midifrag.errors import ConfigurationError
from midifrag.events import Notice
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord
from midifrag.intents import Intent, Panic, Press, SelectBank, Touch
from midifrag.midi.decoding import MessageDecoder
from midifrag.midi.messages import MidiEvent
from midifrag.pad_key import PadKey
from tests.support.bridges import Rig

QUICK = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)

_SET = "model: sketch\nset_list: [first]\n"
_WORDS = (
    *("pads", "36", "prompt", "steps", "seconds", "defaults", "controls", "actions", "name", "program", "ports", "in"),
    *(
        "model",
        "set_list",
        "fragments",
        "count",
        "!!float",
        "!!binary",
        "&a",
        "*a",
        "<<",
        "[",
        "]",
        "{",
        "}",
        ":",
        "- ",
    ),
    *("\n", "  ", "# ", "'", '"', "|", ">", "?", "1e400", "0x", "~", "null", "true", ".nan", "9" * 400, "2001-13-45"),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@QUICK
@given(st.lists(st.binary(max_size=8), max_size=20), st.none() | st.integers(1, 16))
def midi(messages: list[bytes], channel: int | None) -> None:
    """Bytes from a port become events of ours, or are counted."""
    decoder = MessageDecoder("pads", channel, [(None, None, 1)])
    for time, data in enumerate(messages):
        message = decoder.parse(list(data))
        if message is not None:
            event = decoder.decode(message, float(time))
            assert event is None or isinstance(event, MidiEvent)
    assert decoder.malformed + decoder.ignored <= len(messages)


@QUICK
@given(
    st.binary(max_size=200) | st.lists(st.sampled_from(_WORDS), max_size=60).map(lambda words: " ".join(words).encode())
)
def bank_file(content: bytes) -> None:
    """A bank is read, or refused with its file's name."""
    with _folder() as folder:
        (folder / "presets").mkdir()
        (folder / "presets.yaml").write_text(_SET, encoding="utf-8")
        (folder / "presets" / "first.yaml").write_bytes(content)
        refused = ""
        try:
            loaded = loading.load(folder / "presets.yaml", environment={})
        except ConfigurationError as error:
            refused = str(error)
        assert "presets/first.yaml" in refused or [bank.slug for bank in loaded.banks] == ["first"]


@QUICK
@given(
    st.lists(
        _JSON.map(json.dumps).map(str.encode)
        | st.binary(max_size=60)
        | st.tuples(st.sampled_from(["take", "slot", "landed_at", "starred", "note", "tempo", "number"]), _JSON).map(
            lambda pair: json.dumps({"take": 1, pair[0]: pair[1]}).encode()
        ),
        max_size=6,
    )
)
def changes(lines: list[bytes]) -> None:
    """What became of takes later is read as far as it is right; the takes stay as they are."""
    with _folder() as folder:
        shutil.copytree(_two_takes(), folder / "archive")
        (folder / "archive" / "changes.jsonl").write_bytes(b"\n".join(lines) + b"\n")
        with closing(Archive(folder / "archive")) as archive:
            assert archive.rebuild() == 2
            assert sorted(take.prompt for take in archive.find()) == ["kick", "rain"]
            assert {take.number for take in archive.find("kick")} == {1}


def _with_odd(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Messages of a kind whose fields hold anything, right values among it."""
    right = st.sampled_from([0, 1, 2, 0.5, "rain", (), {"seed": 1}, PadKey(36), 44100, np.ones((2, 8), np.float32)])
    fields = {field.name: right | _JSON for field in dataclasses.fields(kind)}
    return st.builds(lambda values: kind(**values), st.fixed_dictionaries(fields))


@QUICK
@given(st.lists(st.one_of([_with_odd(kind) for kind in get_args(EngineEvent)]) | _JSON, max_size=8))
def engine(said: list[object]) -> None:
    """Whatever an engine says, each of its jobs ends once, at the latest when it is lost."""
    told: list[EngineEvent] = []
    border = Border("guest", told.append)
    for job in (1, 2):
        border.asked(Render(job, "rain", seconds=1.0, seed=1))
    for one in said:
        border.take(one)
    border.lose("gone", restarting=False)
    ends = [event.job for event in told if isinstance(event, Rendered | Failed | Cancelled)]
    lost = [job for event in told if isinstance(event, Died) for job in event.jobs]
    assert sorted(ends + lost) == [1, 2]


def _sent(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Intents of a kind, with whatever its types let a page send."""
    names = {field.name for field in dataclasses.fields(kind)}
    odd = {
        "pad": st.builds(PadKey, st.integers(0, 127), st.none() | st.integers(1, 16)),
        "parameters": st.dictionaries(st.sampled_from(sorted(PARAMETERS)) | st.text(max_size=8), _JSON, max_size=4),
    }
    # What a gesture may come to mean is no gesture itself.
    meant = st.deferred(lambda: st.one_of([_sent(one) for one in get_args(Intent) if one is not Touch]))
    odd |= dict.fromkeys(("single", "double", "long"), st.lists(meant, max_size=2).map(tuple))
    return st.builds(kind, **{name: strategy for name, strategy in odd.items() if name in names})


@QUICK
@given(st.lists(st.one_of([_sent(kind) for kind in get_args(Intent)]), max_size=8))
def page(sent: list[Intent]) -> None:
    """Whatever a page sends, the bridge goes on: a press that comes after it is played."""
    rig = Rig()
    for intent in sent:
        rig.bridge.handle(intent)
    rig.bridge.handle(Panic())
    rig.bridge.handle(SelectBank(slug=rig.bridge.loaded.banks[0].slug))
    before = len(rig.engines.renders())
    rig.bridge.handle(Press(36, 1, "page", 0.5, 1.0))
    assert len(rig.engines.renders()) == before + 1


_OSC_PARTS = st.sampled_from([b"#bundle\0", bytes(8), b"\0\0\0\x10", b",i\0\0", b",sf\0", b"\0\0\0\x24", b"36\0\0"]) | (
    st.sampled_from(sorted(COMING)).map(lambda path: path.encode() + bytes(4 - len(path) % 4))
)


@QUICK
@given(st.binary(max_size=200) | st.lists(_OSC_PARTS | st.binary(max_size=8), max_size=30).map(b"".join))
def osc(packet: bytes) -> None:
    """A packet of OSC becomes intents, or notices; the bridge takes them, and a press that comes after is played."""
    rig = Rig()
    put: list[Item] = []
    door = OscDoor(rig.bridge.loaded, put.append, clock=rig.clock.now)
    assert door.take(packet) >= 0
    for item in put:
        rig.bridge.handle(item)
    assert sum(door.faults.counts.values()) >= sum(isinstance(item, Notice) for item in put)
    before = len(rig.engines.renders())
    rig.bridge.handle(Press(36, 1, "page", 0.5, 1.0))
    assert len(rig.engines.renders()) == before + 1


@cache
def _two_takes() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="midifrag-doors-"))
    with closing(Archive(folder)) as archive:
        for prompt in ("kick", "rain"):
            archive.store(np.full((1, 8), 0.5, np.float32), 8000, TakeRecord(prompt=prompt))
    return folder


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


DOORS: Mapping[str, Callable[[], Any]] = {
    "midi": midi,
    "bank_file": bank_file,
    "engine": engine,
    "page": page,
    "changes": changes,
    "osc": osc,
}
