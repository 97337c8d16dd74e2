import gzip

import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.errors import ClipError
from midifrag.events import BankChanged, Notice, TimeChanged
from midifrag.fragment.archive import Archive
from midifrag.fragment.writer_commands import LandArchived
from midifrag.intents import (
    Again,
    AnnotateTake,
    CancelJob,
    CancelPad,
    ClearQueue,
    DoWithPad,
    LockSlot,
    MoveControl,
    MuteSlot,
    Panic,
    Press,
    PressPad,
    Prompt,
    Release,
    ResetValues,
    RestoreSlot,
    SelectBank,
    SendTake,
    SetLand,
    SetParameter,
    ShowBanks,
    SlotPlaying,
    StarTake,
    StopSlot,
    Tap,
    TrashTake,
    TurnPage,
)
from midifrag.midi.messages import (
    Aftertouch,
    ControlChange,
    NoteOff,
    NoteOn,
    Nrpn,
    PitchBend,
    ProgramChange,
    Tick,
    TransportChange,
)
from midifrag.pad_key import PadKey
from midifrag.show.replay import PERFORMED, is_performed, read_performance
from midifrag.show.session_log import as_line
from midifrag.states import NoticeLevel
from midifrag.timeline import Signature, Timeline
from tests.stored.test_stored import LOG
from tests.support.bridges import Rig
from tests.support.runtimes import played_in_this_process, played_show
from tests.support.shows import bank, loaded


def test_a_show_can_be_played_again_from_its_log(tmp_path, monkeypatch):
    first = tmp_path / "first"
    with played_show(first) as show:
        for note in (36, 37, 36):
            show.note(note)
        show.runtime.put(Prompt("short rim", {"seconds": 1}, show.runtime.clock.now()))
        show.seen.wait_for(
            lambda changes: sum(getattr(c, "state", "") == "landed" and hasattr(c, "slot") for c in changes) == 4
        )
    (log,) = (first / "archive" / "sessions").glob("*.jsonl")
    played_in_this_process(monkeypatch)
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(app, ["init", "."])
    result = CliRunner().invoke(app, ["play", str(log), "--speed", "10", "--fragments", "again", "--model", "sketch"])
    assert result.exit_code == 0, result.output
    prompts = [take.prompt for take in reversed(Archive(tmp_path / "again" / "archive").find())]
    assert prompts == ["rain on tin, close", "low bowed cello drone, dark hall", "rain on tin, close", "short rim"]


def test_acts_keep_their_distances_and_get_new_times(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text(
        '{"at": 100.0, "event": "NoteOn", "port": "p", "channel": 1, "note": 36, "velocity": 90, "time": 5.0}\n'
        '{"at": 101.0, "event": "JobChanged", "job": 1}\n'
        '{"at": 102.0, "event": "ControlChange", "port": "p", "channel": 1, "cc": 7, "value": 3, "time": 7.0}\n'
        '{"at": 103.0, "event": "NoteOn", "por',
        encoding="utf-8",
    )
    acts = list(read_performance(log).at_speed(2.0, now=50.0))
    assert acts == [(0.0, NoteOn("p", 1, 36, 90, 50.0)), (1.0, ControlChange("p", 1, 7, 3, 51.0))]


def test_a_show_in_parts_that_were_compressed_is_played_whole(tmp_path):
    line = '{{"at": {at}, "event": "NoteOn", "port": "p", "channel": 1, "note": {at}, "velocity": 90, "time": 5.0}}\n'
    first = tmp_path / "20260101T200000Z.jsonl"
    first.with_name("20260101T200000Z.jsonl.gz").write_bytes(gzip.compress(line.format(at=1).encode()))
    first.with_name("20260101T200000Z.2.jsonl").write_text(line.format(at=2) + '{"event": "unmapped", "counts": {}}\n')
    for named in (first, first.with_name("20260101T200000Z.jsonl.gz")):
        assert [(at, act.note) for at, act in read_performance(named).acts] == [(0.0, 1), (1.0, 2)]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nonsense",
        '{"at": 1.0, "event": "JobChanged"}',
        '{"event": "Panic"}',
        '{"at": "x", "event": "Panic"}',
        '{"at": 1.0, "event": "CancelPad", "pad": "nothing"}',
    ],
)
def test_what_holds_no_performance_is_said(tmp_path, content):
    log = tmp_path / "log.jsonl"
    log.write_text(content, encoding="utf-8")
    with pytest.raises(ClipError, match=r"log\.jsonl"):
        read_performance(log)


@pytest.mark.parametrize(
    "odd",
    [
        '"note": null',
        '"note": "x"',
        '"velocity": [1]',
        '"velocity": {}',
        '"at": 1e400',
        '"at": null',
        '"at": [5]',
        '"event": ["NoteOn"]',
        '"channel": "one"',
        '"event": "CancelPad", "pad": null',
        '"event": "CancelPad", "pad": [36]',
        '"event": "Prompt", "prompt": 5, "parameters": 7',
    ],
)
def test_a_line_that_makes_no_sense_is_left_out_and_the_rest_is_played(tmp_path, odd):
    right = '{"at": 100.0, "event": "NoteOn", "port": "p", "channel": 1, "note": 36, "velocity": 90, "time": 5.0'
    log = tmp_path / "log.jsonl"
    log.write_text(f"{right}}}\n{right}, {odd}}}\n{right}}}\n", encoding="utf-8")
    performance = read_performance(log)
    assert performance.acts == ((0.0, NoteOn("p", 1, 36, 90, 5.0)),) * 2
    assert performance.left_out == (odd != '"event": ["NoteOn"]')


#: A line of each kind of act as version 0.1.0 wrote it, and the act.
LINES = [
    ('"NoteOn", "port": "p", "channel": 1, "note": 36, "velocity": 90, "time": 5.0', NoteOn("p", 1, 36, 90, 5.0)),
    ('"NoteOff", "port": "p", "channel": 1, "note": 36, "time": 5.0', NoteOff("p", 1, 36, 5.0)),
    (
        '"ControlChange", "port": "p", "channel": 1, "cc": 7, "value": 3, "time": 5.0, "fine": null',
        ControlChange("p", 1, 7, 3, 5.0),
    ),
    ('"PitchBend", "port": "p", "channel": 1, "value": -9, "time": 5.0', PitchBend("p", 1, -9, 5.0)),
    (
        '"Aftertouch", "port": "p", "channel": 1, "value": 9, "time": 5.0, "note": 36',
        Aftertouch("p", 1, 9, 5.0, 36),
    ),
    (
        '"ProgramChange", "port": "p", "channel": 1, "program": 2, "time": 5.0, "bank": null',
        ProgramChange("p", 1, 2, 5.0),
    ),
    (
        '"Press", "note": 36, "channel": 1, "port": "page", "velocity": 0.5, "time": 5.0, "source": "page"',
        Press(36, 1, "page", 0.5, 5.0, "page"),
    ),
    (
        '"Prompt", "prompt": "rim", "parameters": {"seconds": 1}, "time": 5.0, "client": "10.0.0.7"',
        Prompt("rim", {"seconds": 1}, 5.0),
    ),
    (
        '"Prompt", "prompt": "rim", "parameters": {"from": "slot 1", "fill": [1, 2]}, "time": 5.0',
        Prompt("rim", {"from": "slot 1", "fill": [1, 2]}, 5.0),
    ),
    ('"SetParameter", "name": "steps", "value": null', SetParameter("steps", None)),
    ('"SelectBank", "program": null, "slug": "drift", "offset": null', SelectBank(slug="drift")),
    ('"LockSlot", "slot": 4, "locked": null', LockSlot(4, None)),
    ('"RestoreSlot", "slot": 4', RestoreSlot(4)),
    ('"SendTake", "take": 12, "slot": null', SendTake(12)),
    ('"CancelPad", "pad": "36"', CancelPad(PadKey(36))),
    ('"CancelPad", "pad": "37/10"', CancelPad(PadKey(37, 10))),
    ('"CancelJob", "job": 3', CancelJob(3)),
    ('"ClearQueue"', ClearQueue()),
    ('"Panic"', Panic()),
    ('"Tap", "time": 5.0', Tap(5.0)),
    # What came later.
    ('"Again", "pad": "36", "how": "same_seed", "time": 5.0', Again(PadKey(36), "same_seed", 5.0)),
    ('"SetLand", "land": "2 bars"', SetLand("2 bars")),
    ('"TurnPage", "port": "pads", "offset": -1', TurnPage("pads", -1)),
    ('"ShowBanks", "port": null, "side": 4', ShowBanks(None, 4)),
    ('"StopSlot", "slot": 3', StopSlot(3)),
    ('"MuteSlot", "slot": 3, "muted": true', MuteSlot(3, True)),
    ('"SetLand", "land": null', SetLand(None)),
    (
        '"PressPad", "name": "Rain", "velocity": 0.5, "time": 5.0, "source": "osc"',
        PressPad("Rain", 0.5, 5.0, "osc"),
    ),
    ('"PressPad", "name": 36, "velocity": 0.5, "time": 5.0, "source": "osc"', PressPad(36, 0.5, 5.0, "osc")),
    (
        '"Nrpn", "port": "p", "channel": 1, "number": 300, "value": 5, "time": 5.0, "fine": 9, "step": 0',
        Nrpn("p", 1, 300, 5, 5.0, 9),
    ),
    ('"ResetValues", "name": "steps"', ResetValues("steps")),
    ('"DoWithPad", "pad": "36", "deed": "star"', DoWithPad(PadKey(36), "star")),
]


@pytest.mark.parametrize(("line", "act"), LINES)
def test_every_act_of_an_old_log_is_read(tmp_path, line, act):
    log = tmp_path / "log.jsonl"
    log.write_text(f'{{"at": 100.0, "event": {line}}}\n', encoding="utf-8")
    assert read_performance(log).acts == ((0.0, act),)


@pytest.mark.parametrize(("_line", "act"), LINES)
def test_every_act_is_read_as_it_is_logged_today(tmp_path, _line, act):
    log = tmp_path / "log.jsonl"
    log.write_text(as_line(100.0, act) + "\n", encoding="utf-8")
    assert read_performance(log).acts == ((0.0, act),)
    assert is_performed(act)


def test_no_act_is_of_a_kind_that_is_not_among_them():
    assert set(PERFORMED) == {type(act).__name__ for _, act in LINES}


def test_an_old_log_is_played():
    rig = Rig(loaded(bank("opening"), bank("drift")))
    for _, act in read_performance(LOG).at_speed(1.0, now=0.0):
        rig.bridge.handle(act)
    assert [render.prompt for render in rig.engines.renders()] == [
        "rain",
        "short kick",
        "rain",
        "short rim, dry",
        "rain",
    ]
    assert [write for write in rig.writes if not isinstance(write, LandArchived)] == [
        LockSlot(4, True),
        LockSlot(2, True),
        RestoreSlot(1),
        LockSlot(4, None),
    ]
    assert [(write.take, write.slot) for write in rig.writes if isinstance(write, LandArchived)] == [(2, 3)]
    assert [change.slug for change in rig.told(BankChanged)] == ["drift", "opening"]
    assert sorted(rig.engines.cancels()) == [render.job for render in rig.engines.renders()]


def test_what_is_not_done_by_a_performer_is_not_logged_as_such():
    others = [Tick("p", 0.0), TransportChange("p", "start", 0.0), MoveControl("cc 1 sets steps", 0.5), object()]
    others += [
        Release(36, 1, "p", 0.0),
        StarTake(3, True),
        AnnotateTake(3, "good"),
        TrashTake(3, True),
        SlotPlaying(1, True),
        Notice(NoticeLevel.INFO, "x"),
    ]
    assert not any(map(is_performed, others))


def test_the_musical_time_of_a_show_is_played_with_it(tmp_path):
    line = Timeline(120.0, 5000.0, 6.0, Signature(3, 4), source="midi:daw")
    log = tmp_path / "log.jsonl"
    entries = [(100.0, Panic()), (101.0, TimeChanged(line)), (102.0, Panic())]
    log.write_text("".join(as_line(*entry) + "\n" for entry in entries), encoding="utf-8")
    rig = Rig()
    (_, first), (due, second), _ = read_performance(log).at_speed(2.0, now=50.0)
    assert (first, due) == (Panic(), 0.5)
    rig.bridge.handle(second)
    # At twice the speed, bars pass twice as fast.
    told = rig.told(TimeChanged)[-1].timeline
    assert told == Timeline(240.0, 50.5, 6.0, Signature(3, 4), source="midi:daw")
    assert not is_performed(second)


@pytest.mark.parametrize(
    "odd", ["bpm=0.0", "bpm=-3.0", "bpm=NaN", "bpm=1e9", "at=NaN", "position=NaN", "position=1e300"]
)
def test_a_musical_time_that_cannot_be_is_left_out(tmp_path, odd):
    name, _, value = odd.partition("=")
    values = {"bpm": "120.0", "at": "5.0", "position": "0.0"} | {name: value}
    timeline = ", ".join(f'"{key}": {one}' for key, one in values.items())
    log = tmp_path / "log.jsonl"
    log.write_text(
        as_line(100.0, Panic()) + f'\n{{"at": 101.0, "event": "TimeChanged", "timeline": {{{timeline}}}}}\n', "utf-8"
    )
    performance = read_performance(log)
    assert ([act for _, act in performance.acts], performance.left_out) == ([Panic()], 1)


def test_a_musical_time_alone_is_no_performance(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text(as_line(100.0, TimeChanged(Timeline(120.0, 5.0))) + "\n", encoding="utf-8")
    with pytest.raises(ClipError):
        read_performance(log)
