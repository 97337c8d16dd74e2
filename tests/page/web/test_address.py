"""Where the page listens, and how it is found."""

import socket

import pytest

from midifrag.config.settings import PageSettings
from midifrag.page.web.address import PageError, is_loopback, listen, qr_code, url


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.0.1"])
def test_this_machine_alone_is_loopback(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "studio.local", ""])
def test_every_other_address_is_none(host):
    assert not is_loopback(host)


def test_a_taken_port_gives_way_to_a_free_one_and_says_so():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        listening, said = listen(PageSettings(port=port))
        with listening:
            assert listening.getsockname()[1] != port
            assert str(port) in said


def test_an_address_of_another_machine_is_refused_with_the_way_out():
    with pytest.raises(PageError, match=r"192\.0\.2\.1.*page\.host"):
        listen(PageSettings(host="192.0.2.1", port=0))


def test_the_address_is_one_to_type():
    assert url("127.0.0.1", 8765, None) == "http://127.0.0.1:8765/"
    assert url("::1", 8765, None) == "http://[::1]:8765/"
    everywhere = url("0.0.0.0", 8765, "abc")
    assert "0.0.0.0" not in everywhere
    assert everywhere.endswith(":8765/?token=abc")


def test_a_machine_without_a_network_is_called_by_its_name(monkeypatch):
    def none(*_):
        raise OSError("network is unreachable")

    monkeypatch.setattr(socket, "socket", none)
    assert url("0.0.0.0", 8765, None) == f"http://{socket.gethostname()}:8765/"


def test_the_code_is_drawn_in_half_blocks():
    drawn = qr_code("http://192.168.1.20:8765/?token=abc").strip("\n").split("\n")
    assert len({len(line) for line in drawn}) == 1
    assert set("".join(drawn)) <= set("█▀▄ \xa0")
