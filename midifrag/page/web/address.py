"""Where the page listens, what its address is, and how a tablet finds it."""

from __future__ import annotations

import contextlib
import io
import ipaddress
import socket

from midifrag.config.settings import PageSettings
from midifrag.errors import MidifragError
from midifrag.page import texts


class PageError(MidifragError):
    """The page cannot be served where it was asked for."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(settings: PageSettings) -> tuple[socket.socket, str]:
    """A listening socket, and a line for the performer if it is not the one asked for. Raises `PageError`."""
    try:
        return _listen(settings.host, settings.port), ""
    except OSError as error:
        taken = texts.PORT_TAKEN.format(port=settings.port, error=error.strerror or error)
    try:
        return _listen(settings.host, 0), taken
    except OSError as error:
        raise PageError(texts.NO_ADDRESS.format(host=settings.host, error=error.strerror or error)) from error


def url(host: str, port: int, token: str | None) -> str:
    """The address to type into a browser; for 0.0.0.0 and :: this machine's own one in its network."""
    shown = _own_address() if host in ("0.0.0.0", "::", "") else host  # noqa: S104 — told, not bound
    if ":" in shown:
        shown = f"[{shown}]"
    return f"http://{shown}:{port}/" + (f"?token={token}" if token else "")


def qr_code(text: str) -> str:
    """``text`` as a QR code of half blocks, for a terminal with a dark background."""
    import qrcode

    code = qrcode.QRCode(border=2, error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text)
    drawn = io.StringIO()
    code.print_ascii(out=drawn, invert=True)
    return drawn.getvalue()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=128)


def _own_address() -> str:
    """The address that others in the network see; nothing is sent to find it."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    return socket.gethostname()
