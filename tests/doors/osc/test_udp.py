import socket

import pytest

from midifrag.config.osc import Endpoint
from midifrag.doors.osc.udp import listening, send_once, sending
from tests.doors.osc.peer import free_port, packet


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_only_this_machine_is_heard_unless_an_address_says_otherwise(host):
    where = Endpoint(host, free_port())
    with listening(where) as hearing:
        assert hearing.getsockname() == (host, where.port)


def test_a_port_that_is_taken_is_not_shared():
    where = Endpoint("127.0.0.1", free_port())
    with listening(where), pytest.raises(OSError, match=r".+"):
        listening(where)


def test_what_is_sent_never_blocks_and_arrives(other):
    made, address = sending(Endpoint("127.0.0.1", other.port))
    with made:
        assert not made.getblocking()
        made.sendto(packet("/x", 1), address)
        other.wait_for(lambda received: received == [("/x", 1)])


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_one_packet_goes_to_who_listens_on_this_machine(other, host):
    send_once(Endpoint(host, other.port), packet("/x", 1))
    other.wait_for(lambda received: received == [("/x", 1)])


def test_a_name_with_both_kinds_of_addresses_means_the_one_that_most_programs_know(monkeypatch):
    older, newer = (
        (family, socket.SOCK_DGRAM, socket.IPPROTO_UDP, "", address)
        for family, address in ((socket.AF_INET, ("127.0.0.1", 9)), (socket.AF_INET6, ("::1", 9, 0, 0)))
    )
    for answer in ([older, newer], [newer, older]):
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, answer=answer, **_options: answer)
        made, address = sending(Endpoint("localhost", 9))
        made.close()
        assert address == ("127.0.0.1", 9)
