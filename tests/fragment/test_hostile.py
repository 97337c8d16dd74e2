"""Our own files, with whatever anybody may have written into them: lines are skipped and told, and nothing is lost."""

from __future__ import annotations

import json
import logging
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from midifrag.cli import app
from midifrag.errors import ClipError
from midifrag.fragment.archive import Archive
from midifrag.fragment.archive_catching_up import ODD_CHANGES
from midifrag.fragment.archive_changes import CHANGEABLE, Changes, change_of, highest_given
from midifrag.fragment.archive_reader import ArchiveReader
from midifrag.fragment.audio_files import encode_audio
from midifrag.fragment.plain_json import LARGEST, read_value
from midifrag.fragment.record import FIELD_NAMES, TakeRecord
from midifrag.fragment.slot_content import SlotContent, content_of
from midifrag.fragment.slots import Slots
from midifrag.fragment.slots_record import SlotsRecord
from midifrag.fragment.wav import with_texts
from midifrag.fragment.workspace import Workspace
from midifrag.midi.messages import NoteOn
from midifrag.show.replay import PERFORMED, read_performance
from midifrag.show.session_log import as_line, read_session
from tests.fragment.sounds import RATE, noise, record
from tests.support.forms import examples

#: What no writer of ours ever wrote, as JSON.
ODD_VALUES = [
    "null",
    "7",
    "1e400",
    "-1e400",
    str(2**70),
    str(LARGEST + 1),
    "9" * 5000,
    "[[1]]",
    "{}",
    "true",
    "NaN",
    "-Infinity",
    '""',
]
DEEP = "[" * 100_000
SOUND = encode_audio(noise(0.01), RATE, 16)

keys = st.sampled_from(
    [*FIELD_NAMES, "take", "midifrag", "landing", "turn", "audio", "slots", "next", "locked", "content"]
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**62)
    | st.floats()
    | st.text(st.characters(), max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | st.text(max_size=3), inner, max_size=6),
    max_leaves=12,
)
#: A line as it might be: a mapping of ours with odd values, any JSON, or any bytes.
mappings = st.dictionaries(keys, scalars | values, max_size=8)
lines = (mappings | values).map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40)
quick = settings(max_examples=examples(25), suppress_health_check=[HealthCheck.too_slow])


def with_comment(comment):
    return with_texts(SOUND, {"title": "title", "comment": comment})


def an_archive(folder):
    """An archive of two takes, the first of which has landed in slot 3."""
    with closing(Archive(folder)) as archive:
        archive.store(noise(0.01), RATE, record(1))
        archive.store(noise(0.01), RATE, record(2))
        archive.mark_landed(1, 3, 4.0)


@pytest.mark.parametrize("name", sorted(CHANGEABLE))
@pytest.mark.parametrize("value", ODD_VALUES)
def test_a_change_to_what_cannot_be_is_none(name, value):
    change = change_of(f'{{"take": 1, "{name}": {value}}}')

    allowed = {
        "note": ['""'],
        "starred": ["true"],
        "slot": ["null", "7"],
        "tempo": ["null", "7"],
        "landed_at": ["null", "7"],
    }
    assert (change is not None) == (value in allowed[name])


@pytest.mark.parametrize("take", [*ODD_VALUES, "0", "-1", "1.0"])
def test_a_change_of_no_take_is_none(take):
    assert (change_of(f'{{"take": {take}, "starred": true}}') is not None) == (take == "7")


@pytest.mark.parametrize("line", [DEEP, DEEP.replace("[", '{"take":'), "", "{", "\xff", "x" * 20_000_000])
def test_what_is_no_value_is_an_error_of_one_kind(line):
    with pytest.raises(ValueError):
        read_value(line)
    assert change_of(line) is None


def test_odd_lines_are_skipped_told_once_and_kept(tmp_path, caplog):
    an_archive(tmp_path)
    odd = [f'{{"take": 1, "note": {value}}}'.encode() for value in ODD_VALUES if value != '""'] + [
        DEEP.encode(),
        b"\xff\xfe",
    ]
    with (tmp_path / "changes.jsonl").open("ab") as file:
        file.write(b"\n" + b"\n".join(odd) + b'\n{"take": 2, "starred": true}')

    with closing(Archive(tmp_path)) as archive:
        assert [(take.number, take.slot, take.starred, take.note) for take in archive.find()] == [
            (2, None, True, ""),
            (1, 3, False, ""),
        ]
    assert caplog.messages == [f"{tmp_path / 'changes.jsonl'}: {len(odd)} lines cannot be read and are left out"]
    assert (tmp_path / ODD_CHANGES).read_bytes().splitlines() == odd
    caplog.clear()
    with closing(Archive(tmp_path)) as archive:
        assert archive.get(2).starred
    assert caplog.messages == []
    with closing(Archive(tmp_path)) as archive:
        assert archive.rebuild() == 2
        assert archive.get(1).slot == 3
    assert (tmp_path / ODD_CHANGES).read_bytes().splitlines() == odd


@pytest.mark.parametrize("arguments", [["takes"], ["takes", "--rebuild"], ["takes", "1"], ["takes", "--json"]])
def test_the_command_lives_with_odd_lines(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    an_archive(tmp_path / "fragments" / "archive")
    lines = [*(f'{{"take": {take}, "note": {value}}}' for take in ODD_VALUES for value in ODD_VALUES), DEEP]
    (tmp_path / "fragments" / "archive" / "changes.jsonl").write_text("\n".join(lines))
    (tmp_path / "fragments" / "archive" / "output003.wav").write_bytes(
        with_comment(
            '{"prompt": "x", "rendered_at": 1e300, "seconds": [], "slot": {}, "parameters": {"a": {}}, "gain": 0}'
        )
    )
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.exception) == (0, None), result.output
    assert "cannot be read and are left out" in " ".join(result.output.split())


@quick
@example(
    [b'{"take": 3}', b'{"take": 7, "note": "of a take that is gone"}', b'{"take": 1e300}', b'{"take": 99999999999999}']
)
@given(st.lists(lines, max_size=12))
def test_no_line_of_changes_stops_an_archive(written):
    with TemporaryDirectory() as name:
        folder = Path(name)
        an_archive(folder)
        with (folder / "changes.jsonl").open("ab") as file:
            file.write(b"".join(b"\n" + line for line in written) + b'\n{"take": 2, "note": "at last"}')
        with closing(ArchiveReader(folder)) as reader:
            looked_at = reader.find()
        with closing(Archive(folder)) as archive:
            assert archive.find() == looked_at
            assert archive.get(2).note == "at last"
            assert archive.rebuild() == 2
            assert archive.find() == looked_at
            # A number that something was written down of has been given away once.
            named = highest_given(number for number, _ in Changes(folder / "changes.jsonl").read().changes)
            assert archive.store(noise(0.01), RATE, record(3)).number == 1 + max(2, named)


@quick
@example({"prompt": ""})
@given(mappings | values)
def test_no_record_in_a_take_stops_an_archive(told):
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "output001.wav").write_bytes(with_comment(json.dumps(told)))
        (folder / ".midifrag" / "work-dead").mkdir(parents=True)
        (folder / ".midifrag" / "work-dead" / "1-take.wav").write_bytes(with_comment(json.dumps(told)))
        with closing(ArchiveReader(folder)) as reader:
            (looked_at,) = reader.find()
            assert reader.read(1)[0].shape == (2, 441)
        with closing(Archive(folder)) as archive:
            assert archive.get(1) == looked_at
            assert (archive.count(), looked_at.file) == (2, "output001.wav")
            assert archive.star(1).starred
        TakeRecord.from_json(looked_at.to_json()).to_json().encode("ascii")
        assert looked_at.prompt.encode().decode() == looked_at.prompt


@quick
@given(mappings | values | st.binary(max_size=30), mappings | values)
def test_nothing_in_the_record_of_slots_or_in_a_slot_stops_them(saved, told):
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ".midifrag").mkdir()
        content = saved if isinstance(saved, bytes) else json.dumps(saved).encode()
        (folder / ".midifrag" / "slots.json").write_bytes(content)
        for path in (folder / "output01.wav", folder / ".midifrag" / "previous" / "output02.wav"):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(with_comment(json.dumps({"midifrag": told})))
        with closing(Slots(folder, count=2)) as slots:
            assert slots.choose() in (1, 2)
            slots.set_lock(2, True)
            states = slots.states
        json.dumps(content_of(folder / "output01.wav") and states[0].prompt)
        with closing(Slots(folder, count=2)) as slots:
            assert slots.locked(2)
        kept = SlotsRecord(Workspace(folder)).path.with_name("slots.odd.json")
        assert not kept.exists() or kept.read_bytes() == content


def test_an_odd_record_of_slots_is_told_and_kept_and_what_is_right_in_it_counts(tmp_path, caplog):
    own = tmp_path / ".midifrag"
    own.mkdir()
    odd = '{"next": 2, "landings": [], "slots": {"1": {"locked": true}, "2": {"locked": 5}, "x": {}, "3": []}}'
    (own / "slots.json").write_text(odd)

    with closing(Slots(tmp_path, count=3)) as slots:
        assert [state.state for state in slots.states] == ["locked", "free", "free"]
        assert slots.choose() == 2

    (told,) = caplog.messages
    assert (
        told
        == f"{own / 'slots.json'} cannot be read: locks may be forgotten. What it held is in {own / 'slots.odd.json'}"
    )
    assert (own / "slots.odd.json").read_text() == odd


@pytest.mark.parametrize("value", [json.loads(value) for value in ODD_VALUES if len(value) < 5000])
@pytest.mark.parametrize("name", [name for name in SlotContent.__dataclass_fields__ if name != "audio"])
def test_a_content_is_read_only_if_it_can_be_one(name, value):
    right = {
        "landing": 1,
        "slot": 1,
        "turn": True,
        "job": 1,
        "take": 1,
        "preset": "",
        "prompt": "",
        "seconds": 1.0,
        "landed_at": 1.0,
    }
    content = SlotContent.read(right | {name: value})
    if content is not None:
        assert isinstance(
            value, str if name in ("preset", "prompt") else bool if name == "turn" else int | float | None
        )
        json.dumps(content.texts(), allow_nan=False)


@quick
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                ["at", "event", "port", "channel", "note", "velocity", "time", "pad", "slot", "prompt", "parameters"]
            ),
            scalars | values | st.sampled_from(sorted(PERFORMED)),
            max_size=9,
        )
        .map(json.dumps)
        .map(str.encode)
        | lines,
        max_size=10,
    )
)
def test_no_line_of_a_session_log_stops_its_replay(written):
    with TemporaryDirectory() as name:
        log = Path(name) / "x.jsonl"
        act = as_line(5.0, NoteOn("pads", 1, 36, 100, 1.0))
        log.write_bytes(b"\n".join([*written, act.encode(), *written]))
        assert all(isinstance(line, dict) for line in read_session(log))
        performance = read_performance(log)
        assert NoteOn("pads", 1, 36, 100, 1.0) in [act for _, act in performance.acts]
        log.write_bytes(b"\n".join(written))
        with suppress(ClipError):
            assert read_performance(log).acts


def test_what_cannot_be_played_of_a_log_is_told(tmp_path, caplog):
    log = tmp_path / "x.jsonl"
    right = as_line(5.0, NoteOn("pads", 1, 36, 100, 1.0))
    odd = [
        right.replace("36", "null"),
        right.replace("36", "1e400"),
        right.replace('"at": 5.0', '"at": "x"'),
        right.replace("100", "[]"),
    ]
    log.write_text("\n".join([right, *odd]))

    performance = read_performance(log)
    assert (len(performance.acts), performance.left_out) == (1, 4)


def test_changes_go_on_after_a_place_unless_the_file_is_another(tmp_path):
    changes = Changes(tmp_path / "changes.jsonl")
    assert (changes.read().changes, changes.size()) == ([], 0)
    changes.append(['{"take": 1, "starred": true}'])
    first = changes.read()
    changes.append(['{"take": 2, "starred": true}'])

    after = changes.read(first.place)
    assert (first.whole, after.whole) == (True, False)
    assert [number for number, _ in after.changes] == [2]
    assert after.place == changes.read().place
    assert changes.read(after.place).changes == []
    (tmp_path / "changes.jsonl").write_text(
        '{"take": 7, "starred": true}\n{"take": 8, "starred": true} and more than before'
    )
    assert [number for number, _ in changes.read(after.place).changes] == [7]
    (tmp_path / "changes.jsonl").write_text('{"take": 9, "note": "x"}')
    assert [number for number, _ in changes.read(after.place).changes] == [9]


@pytest.fixture(autouse=True)
def warnings_are_heard(caplog):
    caplog.set_level(logging.WARNING)
