import errno
import socket
from types import SimpleNamespace

import pytest

from midifrag.commands import check_doors
from tests.doors.osc.peer import free_port


@pytest.fixture
def taken():
    """A port that another program has, for both kinds of sockets."""
    with socket.socket() as stream, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as packets:
        stream.bind(("127.0.0.1", 0))
        stream.listen()
        packets.bind(stream.getsockname())
        yield stream.getsockname()[1]


@pytest.mark.parametrize(
    ("lines", "key", "said"),
    [
        ("ableton:\n  targets: {1: {way: clip, note: 36}}", "4: ableton.targets.1.note", "a drum pad has no clip slot"),
        ("ableton:\n  targets: {1: {way: simpler, scene: 2}}", "4: ableton.targets.1.scene", "is in no scene"),
        ("osc:\n  listen: 192.0.2.77:7400", "4: osc.listen", "nobody can listen there on this machine"),
        ("osc:\n  listen: no.such.host.invalid:7400", "4: osc.listen", "nobody can listen there on this machine"),
        ("osc:\n  listen: 7400\n  send: 'localhost:7400'", "5: osc.send", "is where midifrag itself listens"),
        (
            "osc:\n  listen: '0.0.0.0:7400'\n  send: '10.1.1.1:7400'",
            "5: osc.send",
            "10.1.1.1:7400 is this machine",
        ),
        ("osc:\n  send: '0.0.0.0:7400'", "4: osc.send", "name one to send to"),
        ("osc: {listen: 9000}\ninstruments: {hydrogen: {}}", "3: osc.listen", "9000 is where Hydrogen listens"),
        ("instruments:\n  hydrogen: {host: 0.0.0.0}", "4: instruments.hydrogen.host", "name the one that Hydrogen"),
        ("page: {port: 9100}\nableton: {port: 9100}", "4: ableton.port", "9100 is the page's port too"),
    ],
)
def test_a_door_that_cannot_work_is_a_mistake(own_set, monkeypatch, lines, key, said):
    address = SimpleNamespace(address="10.1.1.1")
    monkeypatch.setattr(check_doors.psutil, "net_if_addrs", lambda: {"eth0": [address]})
    result = own_set(f"{lines}\n")
    assert result.exit_code == 2
    assert result.output.startswith(f"presets.yaml:{key}: ")
    assert said in result.output


@pytest.mark.parametrize("door", ["osc: {{listen: {port}}}", "ableton: {{port: {port}}}"])
def test_a_port_that_is_taken_now_is_a_note_and_one_that_the_system_keeps_a_mistake(own_set, monkeypatch, taken, door):
    result = own_set(door.format(port=taken))
    assert result.exit_code == 0
    assert "another program has this port, perhaps a midifrag that runs; run waits for it" in result.output

    def kept(*_place):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(check_doors.udp, "listening", kept)
    monkeypatch.setattr(check_doors, "_listen_for_live", kept)
    result = own_set(door.format(port=80))
    assert result.exit_code == 2
    assert "the system keeps this port to itself; take one above 1023" in result.output


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("osc: {send: [7401, '127.0.0.1:7401']}", "osc.send: 127.0.0.1:7401 stands there 2 times"),
        ("ableton: {start_transport: true}", "ableton.start_transport: does nothing without fire: true"),
        ("ableton: {targets: {1: {note: 36, scene: 2}}}", "ableton.targets.1.scene: does nothing, as a drum pad"),
        ("instruments: {first_note: 40}", "instruments.first_note: does nothing without sfz: true"),
        ("instruments: {hydrogen: {host: 10.0.0.9}}", "instruments.hydrogen.host: 10.0.0.9 reads "),
    ],
)
def test_what_of_a_door_does_nothing_is_a_note(own_set, lines, said):
    result = own_set(f"{lines}\n")
    assert result.exit_code == 0
    assert f"  note: presets.yaml: {said}" in result.output


def test_doors_that_can_be_opened_are_right(own_set):
    port = free_port()
    result = own_set(
        f"osc: {{listen: '0.0.0.0:{port}', send: [7401, '10.0.0.9:{port}']}}\n"
        "ableton: {fire: true, start_transport: true, targets: {1: {note: 36, track: a}}}\n"
        "instruments: {sfz: true, first_note: 40, hydrogen: {}}\n"
    )
    assert (result.exit_code, [line for line in result.output.splitlines() if "note:" in line]) == (0, [])
