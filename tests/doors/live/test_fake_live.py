"""The fake Live itself: its classes are Live's as far as their types are public, and it sees what no script may do."""

from __future__ import annotations

import ast
import inspect
import itertools
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.doors.live.fake import modules
from tests.doors.live.lives import FakeLive, audio_track, simpler_track, sound

#: What Live has and the public types do not know yet.
NEWER = {("SimplerDevice", "replace_sample"): ["path"]}
STUBS = Path(str(distribution("ableton-live-stubs").locate_file("Live-stubs")))


@cache
def classes():
    files = (ast.parse(file.read_text(encoding="utf-8")) for file in sorted(STUBS.glob("*.pyi")))
    return {node.name: node for file in files for node in file.body if isinstance(node, ast.ClassDef)}


def declared(name):
    """What the types give class ``name``, with what it inherits: property, settable property, or arguments."""
    members = {}
    for base in classes()[name].bases if name in classes() else ():
        members.update(declared(ast.unparse(base)))
    return {**members, **(of_class(classes()[name]) if name in classes() else {})}


def of_class(node):
    members = {}
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef):
            decorators = [ast.unparse(decorator) for decorator in inner.decorator_list]
            if any(decorator.endswith(".setter") for decorator in decorators):
                members[inner.name] = "settable"
            elif "property" in decorators:
                members.setdefault(inner.name, "property")
            else:
                members[inner.name] = [argument.arg for argument in (*inner.args.posonlyargs, *inner.args.args)][1:]
    return members


def offered(cls):
    """Each public member of a fake class, in the same words."""
    for name in dir(cls):
        member = inspect.getattr_static(cls, name)
        if name.startswith("_") or name in vars(object):
            continue
        if isinstance(member, property):
            yield name, "settable" if member.fset else "property"
        elif callable(member):
            yield name, list(inspect.signature(member).parameters)[1:]


CLASSES = sorted({one for classes in modules.PLACES.values() for one in classes}, key=lambda one: one.__name__)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda one: one.__name__)
def test_its_classes_have_what_lives_have_and_no_more(cls):
    types = declared(cls.__name__)
    assert types
    for name, kind in offered(cls):
        if (cls.__name__, name) in NEWER:
            assert kind == NEWER[cls.__name__, name]
            assert name not in types, f"the types know {name} by now: check it by them"
            continue
        assert name in types or (cls.__name__ == "Timer" and name == "fire_if_due"), (
            f"Live's {cls.__name__} has no {name}"
        )
        if isinstance(kind, list) and isinstance(types.get(name), list):
            assert len(kind) == len(types[name]), f"{cls.__name__}.{name} takes {types[name]}"
        elif name in types:
            assert kind == types[name] or (kind, types[name]) == ("property", "settable"), (
                f"{cls.__name__}.{name} is {types[name]}"
            )


def test_the_check_by_the_types_sees_what_is_wrong():
    types = declared("Clip")
    assert types["is_audio_clip"] == "property"
    assert types["looping"] == "settable"
    assert types["remove_warp_marker"] == ["beat_time"]
    assert types["canonical_parent"] == "property"
    assert "replace_sample" not in declared("SimplerDevice")


SHELL = """
import Live
from _Framework.ControlSurface import ControlSurface

def create_instance(c_instance):
    return Bad(c_instance)

class Bad(ControlSurface):
    def __init__(self, c_instance):
        super().__init__(c_instance)
        self.bad_song = c_instance.song()
        self.bad_timer = Live.Base.Timer(callback=self.bad_tick, interval=10, repeat=True)
        self.bad_timer.start()
        self.bad_start()

    def disconnect(self):
        self.bad_timer.stop()
        super().disconnect()

    def bad_start(self):
        pass

    def bad_tick(self):
        pass
"""
SOCKET = """
    def bad_start(self):
        import socket
        self.bad_socket = socket.socket()
        self.bad_socket.setblocking(False)
        self.bad_socket.connect_ex(("127.0.0.1", {port}))
        while True:
            try:
                self.bad_socket.getpeername()
                break
            except OSError:
                pass
"""
BAD = {
    "thread": ("import threading; threading.Thread(target=print).start()", "a thread was started"),
    "thread below": ("import _thread; _thread.start_new_thread(print, ())", "a thread was started"),
    "sleep": ("import time; time.sleep(0.001)", "time.sleep() stops Live"),
    "waiting socket": ("import socket; socket.socket().connect_ex(('127.0.0.1', 1))", "a socket that waits"),
    "waiting connect": ("import socket; socket.socket().connect(('127.0.0.1', 1))", "connect() waits"),
    "two landings": (
        "for _ in 'ab': self.bad_song.tracks[0].devices[1].replace_sample(PATH)",
        "2 landings in one tick, and 1 are allowed",
    ),
    "sounding clip": (
        "self.bad_song.tracks[1].clip_slots[0].delete_clip()",
        "a clip that sounds was deleted in midifrag 2",
    ),
    "log of two lines": ("self.log_message('a\\nb')", "a log entry of several lines"),
    "own attribute": ("self._tasks = 1", "_tasks is an attribute of Live's own class"),
}


def load(starting, folder, body):
    folder.mkdir()
    (folder / "bad_script.py").write_text(SHELL + body)
    live = starting("--on", str(folder), "--script", "bad_script")
    live.tell("open", tracks=[simpler_track(1), audio_track(2)])
    return live


@pytest.fixture
def live(tmp_path, home):
    """Starts one whose script breaks rules, so none is asked for at its end."""
    begun = []

    def starting(*arguments):
        begun.append(FakeLive(home, *arguments))
        return begun[-1]

    yield lambda body: load(starting, tmp_path / "bad", body)
    for one in begun:
        one.kill()


@pytest.mark.parametrize("name", BAD)
def test_what_a_script_may_not_do_is_seen(live, tmp_path, name):
    line, breach = BAD[name]
    path = sound(tmp_path, "0001 rain")
    made = live(f"\n    def bad_tick(self):\n        PATH = {str(path)!r}\n        {line}\n")
    made.do("clip", track="midifrag 2", scene=0, path=str(path))
    made.do("fire", track="midifrag 2", scene=0)
    made.tick(3)
    assert breach in made.state()["breaches"][0]


@pytest.mark.parametrize(
    ("tick", "breach"),
    [
        ("[read(self) for _ in 'ab']", "2 reads in one tick, and 1 are allowed"),
        ("self.bad_socket.send(b'a'); self.bad_socket.send(b'a')", "2 sends in one tick, and 1 are allowed"),
        ("self.bad_socket.send(b'a' * 20000)", "sent_bytes in one tick, and 16384 are allowed"),
        ("self.bad_socket.sendall(b'a')", "sendall() may wait"),
    ],
)
def test_what_a_socket_may_not_do_is_seen(live, show, tick, breach):
    read = "\ndef read(self):\n    try:\n        self.bad_socket.recv(10)\n    except BlockingIOError:\n        pass\n"
    port = show._listening.getsockname()[1]
    made = live(SOCKET.format(port=port) + f"\n    def bad_tick(self):\n        {tick}\n{read}")
    made.tick(2)
    assert breach in made.state()["breaches"][0]


def test_a_write_inside_a_listener_is_seen_and_raises_as_in_live(live):
    body = """
    def bad_start(self):
        self.bad_song.add_tempo_listener(self.bad_heard)

    def bad_heard(self):
        self.bad_song.tracks[0].name = "x"
"""
    made = live(body)
    with pytest.raises(AssertionError, match="Changes cannot be triggered by notifications"):
        made.do("tempo", bpm=90.0)
    assert made.state()["breaches"] == ["Track.name was written inside a listener"]


def test_an_exception_in_a_tick_stops_its_timer_for_good(live):
    made = live("\n    def bad_tick(self):\n        self.bad_timer.start(); raise ValueError('no')\n")
    made.tick(20)
    state = made.state()
    assert (state["escaped"], state["timers"]) == (["ValueError('no')"], 0)


def test_a_timer_and_listeners_left_behind_are_seen(live):
    body = """
    def bad_start(self):
        self.bad_song.add_tempo_listener(self.bad_tick)

    def disconnect(self):
        pass
"""
    made = live(body)
    made.tell("away")
    assert [breach.partition(":")[0] for breach in made.state()["breaches"]] == [
        "Live's own disconnect was not called",
        "a timer runs on after disconnect",
        "listeners are left after disconnect",
    ]


def test_a_tick_is_late_now_and_then(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1)])
    show.join(live, 1)
    live.do("play", on=True)
    beats = []
    for _ in range(300):
        live.do("tempo", bpm=120.0)
        live.tick(4)
        beats += [message["beat"] for message in show.hear() if message["type"] == "time"]
    gaps = {round((after - before) / 2, 3) for before, after in itertools.pairwise(beats)}
    assert len(gaps) > 1
