"""What the bridge's thread does around each item, in shows that run."""

import math
import threading

import mido

from midifrag.bridge.inbox import Inbox
from midifrag.bridge.items import FromEngine
from midifrag.events import JobChanged, Notice
from midifrag.intents import SetParameter
from midifrag.midi.messages import ControlChange, NoteOn
from midifrag.playback.messages import PlaybackChanged, PlaybackState
from midifrag.show import bridge_thread
from midifrag.show.bridge_thread import AT_REST, HOUSEKEEPING, BridgeThread
from midifrag.show.playing import ClipPorts
from midifrag.show.runtime import Runtime
from midifrag.states import JobState
from tests.support import PATIENCE
from tests.support.runtimes import NeverRenders, Seen, in_its_own_time, landed, log_of, played_show
from tests.support.shows import loaded


def test_an_unexpected_error_in_the_bridge_is_told_and_the_show_goes_on(tmp_path, monkeypatch):
    with played_show(tmp_path, show=None) as show:
        broken = [True]
        handle = show.runtime.bridge.handle

        def sometimes(item):
            if broken.pop() if broken else False:
                raise RuntimeError("boom")
            handle(item)

        monkeypatch.setattr(show.runtime.bridge, "handle", sometimes)
        show.note(36)
        notice = show.seen.wait_for_kind(Notice, level="error")
        assert "boom" in notice.text
        show.note(36)
        show.seen.wait_for(landed(1))


def test_the_log_holds_what_did_something_and_counts_the_rest(tmp_path):
    controls = [{"cc": 21, "sets": "steps", "range": [1, 100]}]
    with played_show(tmp_path, controls=controls, actions=[{"cc": 64, "does": "toggle_lock", "slot": 2}]) as show:
        for channel in range(16):
            for value in range(0, 128, 2):
                show.ports.send(mido.Message("pitchwheel", channel=channel, pitch=value))
                show.ports.send(mido.Message("aftertouch", channel=channel, value=value))
                show.ports.send(mido.Message("control_change", channel=channel, control=74, value=value))
        for value in (*range(0, 128, 2), 0):
            show.ports.send(mido.Message("control_change", control=64, value=value))
        show.ports.send(mido.Message("control_change", control=21, value=99))
        show.note(99)
        show.note(36)
        show.seen.wait_for(landed(1))
    lines = log_of(tmp_path)
    acts = [(line["event"], line.get("cc") or line.get("note"), line.get("value")) for line in lines if "port" in line]
    acts = [act for act in acts if act[0] in ("ControlChange", "NoteOn", "PitchBend", "Aftertouch")]
    assert acts == [
        ("ControlChange", 64, 64),
        ("ControlChange", 64, 0),
        ("ControlChange", 21, 99),
        ("NoteOn", 36, None),
    ]
    unmapped = lines[-1]["unmapped"]["midifrag"]
    assert unmapped["NoteOn"] == 1
    assert set(unmapped) == {"NoteOn", "PitchBend", "Aftertouch", "ControlChange"}


def test_a_press_that_still_waits_to_be_heard_when_the_show_ends_has_an_outcome(tmp_path, monkeypatch):
    show = loaded(fragments={"folder": str(tmp_path)}, engine={"spares": {"enabled": False}})
    runtime, seen = Runtime(show, ClipPorts("midifrag"), lambda _choice, _host: NeverRenders()), Seen()
    busy, go_on = threading.Event(), threading.Event()
    monkeypatch.setattr(runtime.bridge, "housekeeping", lambda: (busy.set(), go_on.wait(PATIENCE)))
    with in_its_own_time():
        runtime.start()
        runtime.watch(seen, "test")
        assert busy.wait(PATIENCE)
        presses = 20
        for _ in range(presses):
            runtime.put(NoteOn("midifrag", 1, 36, 100, 0.0))
        # The show ends while the bridge is behind.
        runtime._thread.stop()
        go_on.set()
        runtime.close()
    states = {change.job: change.state for change in seen.changes if isinstance(change, JobChanged)}
    assert list(states.values()) == [JobState.CANCELLED] * presses


def test_what_answers_a_press_runs_before_others(tmp_path, monkeypatch):
    asked = []
    for module in ("midifrag.show.bridge_thread", "midifrag.midi.output"):
        monkeypatch.setattr(f"{module}.run_before_others", lambda: asked.append(threading.current_thread().name))
    with played_show(tmp_path):
        pass
    assert sorted(asked) == ["bridge", "midi output"]


def test_a_mistake_while_a_show_ends_keeps_nothing_from_ending(tmp_path, monkeypatch):
    with played_show(tmp_path) as show:
        monkeypatch.setattr(show.runtime.engines, "close", lambda: show.runtime.put(FromEngine("sketch", "nonsense")))
    assert log_of(tmp_path)[-1]["event"] == "end"
    assert any("unexpected" in line.get("text", "") for line in log_of(tmp_path))


def test_presses_land_where_lights_do_not_blink(tmp_path, monkeypatch):
    asked = threading.Event()

    def broken(_now):
        asked.set()
        raise RuntimeError("a surface of somebody's")

    with played_show(tmp_path) as show:
        monkeypatch.setattr(show.runtime._lights, "beat", broken)
        assert asked.wait(PATIENCE)
        show.note(36)
        show.seen.wait_for(landed(1))


def test_presses_that_came_before_the_end_are_taken_in_also_from_pads_that_send_ccs(monkeypatch):
    inbox, taken = Inbox(), []
    inbox.pads = frozenset({("pads", 2, 12)})
    thread = BridgeThread(None, inbox, *[None] * 7)
    monkeypatch.setattr(thread, "_attend", taken.append)
    pad, knob = ControlChange("pads", 2, 12, 127, 0.0), ControlChange("pads", 1, 12, 9, 0.0)
    note = NoteOn("x", 1, 36, 9, 0.0)
    for _ in range(2):
        for item in (pad, knob, note):
            inbox.put(item)
        thread.finish(presses=not taken)
    assert taken == [pad, note]


class Waits:
    """An inbox in which time passes as long as it is waited for, until ``items`` (moment → item) have come."""

    def __init__(self, now, items, end):
        self.now, self.items, self.end = now, dict(items), end

    def get(self, timeout):
        until, came = self.now[0] + timeout, min(self.items, default=math.inf)
        self.now[0] = min(until, came)
        if came <= until:
            return self.items.pop(came)
        raise TimeoutError


def rounds(monkeypatch, items, end, rests=lambda: True):
    """The moments of housekeeping in a show of ``end`` seconds, from 0, in which ``items`` come."""
    now, moments = [0.0], []
    monkeypatch.setattr(bridge_thread, "monotonic", lambda: now[0])
    monkeypatch.setattr(bridge_thread, "run_before_others", lambda: None)
    thread = BridgeThread(Resting(rests), Waits(now, items, end), *[None] * 7)

    def attend(item):
        if item is None:
            moments.append(now[0])
        if now[0] >= end:
            thread.stop()

    monkeypatch.setattr(thread, "_attend", attend)
    monkeypatch.setattr(thread, "_blink", lambda: math.inf)
    monkeypatch.setattr(thread, "_elapse", lambda: None)
    thread._run()
    return moments


class Resting:
    due = None

    def __init__(self, rests):
        self._rests = rests

    @property
    def rests(self):
        return self._rests()


def between(moments, begin, end):
    return sum(begin < moment <= end for moment in moments)


def test_while_nobody_plays_housekeeping_is_done_less_often(monkeypatch):
    quick, slow = round(4 / HOUSEKEEPING), round(4 / AT_REST)
    press = NoteOn("x", 1, 36, 9, 0.0)
    moments = rounds(monkeypatch, {20.1: press, 30.0: PlaybackChanged(PlaybackState.PLAYING)}, 40.0)
    assert between(moments, 0, 4) == quick
    assert between(moments, 10, 14) == slow
    # News bring the next round forward, and for a while others as soon.
    assert any(20.1 < moment <= 20.1 + HOUSEKEEPING for moment in moments)
    assert between(moments, 20.1, 24.1) == quick
    assert between(moments, 29, 33) == slow
    assert between(rounds(monkeypatch, {}, 20.0, rests=lambda: False), 10, 14) == quick


def test_a_press_that_time_tells_is_told_when_it_has_passed(tmp_path):
    actions = [{"does": "repeat", "press": "double"}]
    with played_show(tmp_path, actions=actions, gestures={"double_press": 0.05}) as show:
        show.note(36)
        show.seen.wait_for(landed(1))


def shows(cc, value):
    return lambda sent: any(
        message.type == "control_change" and (message.control, message.value) == (cc, value) for _, message in sent
    )


def test_values_go_back_to_the_controller_on_connect_and_as_they_change(tmp_path):
    controls = [{"cc": 21, "sets": "cfg_scale", "range": [0, 10]}, {"cc": 22, "sets": "steps", "range": [1, 128]}]
    with played_show(tmp_path, controls=controls, defaults={"cfg_scale": 5}) as show:
        assert show.backend.wait_for(shows(21, 64), PATIENCE)
        show.runtime.put(SetParameter("steps", 128))
        assert show.backend.wait_for(shows(22, 127), PATIENCE)


def test_the_inbox_knows_which_parameters_are_encoders(tmp_path):
    controls = [{"nrpn": 300, "relative": "twos", "sets": "steps", "range": [1, 100]}]
    with played_show(tmp_path, controls=controls) as show:
        show.note(36)
        show.seen.wait_for(landed(1))
        assert show.runtime.inbox.encoders == {300}
