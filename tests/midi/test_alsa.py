"""What the kernel tells of ALSA's sequencer, from a file as it writes one."""

from __future__ import annotations

import pytest

from midifrag.midi import alsa
from midifrag.midi.alsa import Client, address_of, clients, is_connected

TOLD = """Client info
  cur  clients : 4
  peak clients : 5
  max  clients : 192

Client   0 : "System" [Kernel Legacy]
  Port   0 : "Timer" (Rwe-) [In/Out]
Client  24 : "Launchpad "X" MK3" [Kernel UMP MIDI1]
  Port   0 : "Launchpad X DA" (RWeX) [In/Out]
    Connecting To: 128:0[r:0], 130:2
    Connected From: 129:0
Client 128 : "midifrag-pads-in" [User Legacy]
  Port   0 : "input" (-We-) [Out]
    Connected From: 24:0
"""


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """The file that the kernel tells it in; it is not there yet."""
    file = tmp_path / "clients"
    monkeypatch.setattr(alsa, "CLIENTS", file)
    return file


def test_clients_are_known_with_what_they_are_connected_to_either_way(kernel):
    kernel.write_text(TOLD)
    assert clients() == {
        0: Client("System"),
        24: Client('Launchpad "X" MK3', {"128:0", "130:2", "129:0"}),
        128: Client("midifrag-pads-in", {"24:0"}),
    }


def test_a_name_in_another_encoding_hides_no_client(kernel):
    kernel.write_bytes(b'Client  20 : "Cl\xe9" [Kernel]\n    Connecting To: 128:0\n')
    assert clients() == {20: Client("Cl\ufffd", {"128:0"})}


def test_a_connection_before_any_client_belongs_to_nobody(kernel):
    kernel.write_text("    Connecting To: 128:0\n" + TOLD)
    assert clients()[0].others == set()


def test_where_the_kernel_does_not_tell_nothing_is_claimed(kernel):
    assert clients() == {}
    assert is_connected(128, "24:0") is None
    kernel.write_text("")
    assert is_connected(128, "24:0") is None
    kernel.unlink()
    kernel.mkdir()
    assert clients() == {}


def test_a_connection_stands_while_both_ends_are_there(kernel):
    kernel.write_text(TOLD)
    assert is_connected(128, "24:0") is True
    assert is_connected(128, "24:1") is False
    assert is_connected(0, "24:0") is False
    assert is_connected(131, "24:0") is False


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Launchpad X:Launchpad X DA 24:0", "24:0"),
        ("Keys 128:12", "128:12"),
        ("Keys 28:0 ", None),
        ("28:0", None),
        ("Keys", None),
        ("Keys 28:0 (thru)", None),
    ],
)
def test_an_address_is_what_ends_the_name(name, address):
    assert address_of(name) == address
