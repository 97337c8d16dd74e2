"""Where a server is served, and what is refused before it starts."""

import socket

import pytest

from midifrag.errors import ConfigurationError
from midifrag.serving.address import Address
from tests.serving.certificates import make_certificate


@pytest.mark.parametrize(("host", "url"), [("0.0.0.0", "ws://0.0.0.0:9"), ("::1", "ws://[::1]:9")])
def test_what_is_called(host, url):
    assert Address(host, 9).url == url
    assert Address(host, 9).http_options() == {"host": host, "port": 9}


def test_one_that_is_taken_or_of_another_machine():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port} cannot be served at"):
            Address("127.0.0.1", port).check()
    Address("127.0.0.1", port).check()
    with pytest.raises(ConfigurationError, match="choose another with --host and --port"):
        Address("192.0.2.1", port).check()


def test_with_a_certificate(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    certificate, key, _trusted = make_certificate(tmp_path, "127.0.0.1")
    address = Address("127.0.0.1", 9, certificate.relative_to(tmp_path), key.relative_to(tmp_path))
    address.check_certificate()
    assert address.url == "wss://127.0.0.1:9"
    # Whoever reads them may be in another folder.
    assert address.http_options()["ssl_certfile"] == str(certificate)
    assert address.http_options()["ssl_keyfile"] == str(key)


def test_what_is_no_certificate_with_its_key_is_refused(tmp_path):
    certificate, key, trusted = make_certificate(tmp_path, "127.0.0.1")
    locked = tmp_path / "locked.pem"
    locked.write_text(
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIFHDBOBgkqhkiG9w0=\n-----END ENCRYPTED PRIVATE KEY-----\n"
    )
    for one, other, told in (
        (certificate, None, "belong together"),
        (None, key, "belong together"),
        (tmp_path / "gone", key, "gone cannot be read: No such file"),
        (certificate, tmp_path / "gone", "--key: .*gone cannot be read"),
        (trusted, key, "no certificate with the key"),
        (key, key, "no certificate with the key"),
        (certificate, locked, "without a password"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            Address("127.0.0.1", 9, one, other).check()
