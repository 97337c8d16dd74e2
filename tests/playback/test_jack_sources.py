"""Whether a program that is heard over JACK has left; over a real server in tests/scenarios/test_input_on_jack.py."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from midifrag.playback.jack_sources import leaving


class Client:
    """A JACK client that is told what comes and goes."""

    def __init__(self, name: str, **told: Any) -> None:
        self.made = (name, told)
        self.log: list[str] = []

    def set_client_registration_callback(self, callback: Any) -> None:
        self.registered = callback

    def activate(self) -> None:
        self.log.append("active")

    def close(self) -> None:
        self.log.append("closed")


def test_it_is_known_when_that_program_leaves_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Client] = []

    def client(name: str, **told: Any) -> Client:
        made.append(Client(name, **told))
        return made[-1]

    monkeypatch.setitem(sys.modules, "jack", SimpleNamespace(Client=client))
    with leaving("feeder", "midifrag-look") as gone:
        [one] = made
        assert one.made == ("midifrag-look", {"no_start_server": True})
        for name, is_there in (("other", False), ("feeder", True)):
            one.registered(name, is_there)
            assert not gone.is_set()
        one.registered("feeder", False)
        assert gone.is_set()
    assert one.log == ["active", "closed"]


def test_without_a_server_nobody_is_known_to_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_server(_name: str, **_told: Any) -> Any:
        raise RuntimeError("no server")

    for there in (SimpleNamespace(Client=no_server), None):
        monkeypatch.setitem(sys.modules, "jack", there)
        with leaving("feeder", "midifrag-look") as gone:
            assert not gone.is_set()


def test_of_a_server_that_ends_just_then_nobody_is_known_to_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ending(Client):
        def activate(self) -> None:
            raise RuntimeError("the server ended")

    made = Ending("midifrag-look")
    monkeypatch.setitem(sys.modules, "jack", SimpleNamespace(Client=lambda *_, **__: made))
    with leaving("feeder", "midifrag-look") as gone:
        assert not gone.is_set()
    assert made.log == ["closed"]
