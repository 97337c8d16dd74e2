"""Where a server is served: an address of this machine, with or without a certificate."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from midifrag.errors import ConfigurationError, Problem


@dataclass(frozen=True, slots=True)
class Address:
    """``certificate`` and ``key`` are files in PEM, both or neither."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None

    @property
    def url(self) -> str:
        """What a client calls."""
        scheme, host = "ws" if self.certificate is None else "wss", f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    def check(self) -> None:
        """Raise `ConfigurationError` for one that is taken, or not this machine's, or whose certificate is none."""
        self.check_certificate()
        try:
            with socket.create_server(
                (self.host, self.port), family=socket.AF_INET6 if ":" in self.host else socket.AF_INET
            ):
                pass
        except OSError as error:
            where, why = f"{self.host}:{self.port}", error.strerror or error
            raise _wrong("", f"{where} cannot be served at: {why}; choose another with --host and --port") from error

    def check_certificate(self) -> None:
        """Raise `ConfigurationError` for files that are no certificate with its key."""
        if (self.certificate is None) != (self.key is None):
            raise _wrong("--certificate", "a certificate and its key belong together: --certificate FILE --key FILE")
        if self.certificate is None or self.key is None:
            return
        for flag, path in (("--certificate", self.certificate), ("--key", self.key)):
            try:
                path.read_bytes()
            except OSError as error:
                raise _wrong(flag, f"{path} cannot be read: {error.strerror or error}") from error
        try:
            # A password that is none, else it would be asked for in the terminal.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key, password="")
        except (ssl.SSLError, ValueError) as error:
            message = (
                f"{self.certificate} is no certificate with the key in {self.key}; both are PEM, the key without "
                "a password"
            )
            raise _wrong("--certificate", message) from error

    def http_options(self) -> dict[str, Any]:
        """What Serve's `HTTPOptions` are made of."""
        options: dict[str, Any] = {"host": self.host, "port": self.port}
        if self.certificate is not None and self.key is not None:
            # Its processes have folders of their own.
            options |= {"ssl_keyfile": str(self.key.absolute()), "ssl_certfile": str(self.certificate.absolute())}
        return options


def _wrong(key: str, message: str) -> ConfigurationError:
    return ConfigurationError([Problem("command line", None, key, message)])
