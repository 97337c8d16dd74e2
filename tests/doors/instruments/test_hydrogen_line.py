import socket

import pytest
from pythonosc.osc_message import OscMessage

from midifrag.doors.instruments.hydrogen_line import HydrogenLine
from tests.doors.instruments.hydrogen_program import free_port


@pytest.fixture
def listener():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(30)
        yield listener


@pytest.fixture
def line(listener):
    line = HydrogenLine("127.0.0.1", listener.getsockname()[1])
    yield line
    line.close()


def test_a_kit_is_named_by_its_folder_from_one_address_always(line, listener, tmp_path):
    line.load(tmp_path / "Ünï code")
    message, sender = listener.recvfrom(65536)
    told = OscMessage(message)
    assert (told.address, told.params) == ("/Hydrogen/LOAD_DRUMKIT", [str(tmp_path / "Ünï code"), 1.0])
    for _ in range(3):
        # As Hydrogen does, which tells everybody what it shows.
        listener.sendto(b"/Hydrogen/STRIP", sender)
    line.load(tmp_path)
    again, again_sender = listener.recvfrom(65536)
    assert OscMessage(again).params[0] == str(tmp_path)
    assert again_sender == sender


def test_a_knock_asks_for_nothing(line, listener):
    line.knock()
    assert not OscMessage(listener.recv(65536)).address.startswith("/Hydrogen")


def test_where_nobody_listens_is_an_error_until_somebody_does(tmp_path):
    port = free_port()
    line = HydrogenLine("127.0.0.1", port)
    for _ in range(2):
        with pytest.raises(OSError, match=r"refused|closed|reset"):
            line.load(tmp_path)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as late:
        late.bind(("127.0.0.1", port))
        late.settimeout(30)
        line.load(tmp_path)
        assert b"LOAD_DRUMKIT" in late.recv(65536)
    line.close()
    line.close()


def test_a_host_that_there_is_not_is_an_error():
    line = HydrogenLine("no.such.host.invalid", 9000)
    with pytest.raises(OSError, match=r"."):
        line.knock()


@pytest.mark.parametrize("name", ["m\udcfcsik", "a\0b\udcff"])
def test_a_folder_whose_name_no_message_can_hold_is_an_error(line, tmp_path, name):
    with pytest.raises(ValueError, match="has no name that it can be told: choose another folder") as told:
        line.load(tmp_path / name)
    assert str(told.value).isprintable()


def test_of_a_name_that_means_both_kinds_of_addresses_the_older_one_is_taken(listener, monkeypatch):
    port = listener.getsockname()[1]
    both = [
        (socket.AF_INET6, socket.SOCK_DGRAM, 17, "", ("::1", port, 0, 0)),
        (socket.AF_INET, socket.SOCK_DGRAM, 17, "", ("127.0.0.1", port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    line = HydrogenLine("localhost", port)
    line.knock()
    line.close()
    assert b"knock" in listener.recv(65536)
