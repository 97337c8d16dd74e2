"""OSC: what is listed, and what a try sends."""

import socket

import pytest
from nicegui import ui

from midifrag.doors.osc.table import IN, OUT
from midifrag.page.panels.osc import OscPanel
from midifrag.page.wire import configuration
from tests.doors.osc.peer import Peer, free_port
from tests.support.shows import loaded


@pytest.fixture
def peer():
    made = Peer()
    yield made
    made.close()


def row(page, path):
    """An address that comes in, as it is shown."""
    return next(one for one in page.all("osc-row") if path in texts(one) and inputs(one) + buttons(one))


def texts(element):
    return [getattr(one, "text", None) for one in element.descendants()]


def inputs(element):
    return [one for one in element.descendants() if isinstance(one, ui.input)]


def buttons(element):
    return [one for one in element.descendants() if isinstance(one, ui.button)]


def said(element):
    (label,) = [one for one in element.descendants() if "osc-said" in one.classes]
    return label.text, label.classes[1]


def attempt(page, path, *values):
    one = row(page, path)
    for field, value in zip(inputs(one), values, strict=False):
        page.enter(field, value)
    page.click(buttons(one)[0])
    return said(one)


def test_every_address_is_listed_with_what_it_carries(headless):
    page = headless()
    page.show(OscPanel)
    assert page.texts("osc-path") == [address.path for address in (*IN, *OUT)]
    for address in IN:
        shown = inputs(row(page, address.path))
        assert [one.props["title"] for one in shown] == [argument.line for argument in address.arguments]
        assert buttons(row(page, address.path))[0].props["aria-label"] == f"Send {address.path} to this show"
    last = page.all("osc-row")[-1]
    assert [text for text in texts(last) if text][2:] == [
        f"{argument.name}: {argument.line}" for argument in OUT[-1].arguments
    ]


@pytest.mark.parametrize(
    ("osc", "text"),
    [
        ({}, "OSC is off. In presets.yaml, osc: {listen: 7400, send:"),
        ({"listen": 7400}, "Listens on 127.0.0.1:7400. Nobody is told: presets.yaml has no osc.send."),
        ({"send": [1, 2]}, "Nothing comes in: presets.yaml has no osc.listen. Tells 127.0.0.1:1, 127.0.0.1:2."),
    ],
)
def test_it_says_where_it_listens_and_whom_it_tells(headless, osc, text):
    page = headless(osc=osc)
    page.show(OscPanel)
    assert page.text("osc-state").startswith(text)


def test_a_set_that_was_changed_is_shown_at_once(headless):
    page = headless(osc={"listen": 7400})
    page.show(OscPanel)
    page.take(configuration(loaded(osc={"listen": 7500})))
    assert page.text("osc-state").startswith("Listens on 127.0.0.1:7500.")


def test_a_try_is_a_real_packet(headless, peer):
    page = headless(osc={"listen": f"0.0.0.0:{peer.port}"})
    page.show(OscPanel)
    assert attempt(page, "/midifrag/press", "36", "") == (f"Sent to 0.0.0.0:{peer.port}.", "sent")
    assert attempt(page, "/midifrag/press", " Kick ", "99.5")[1] == "sent"
    assert attempt(page, "/midifrag/prompt", "12 bells")[1] == "sent"
    assert attempt(page, "/midifrag/control", "steps", "8")[1] == "sent"
    assert attempt(page, "/midifrag/control", "steps", "")[1] == "sent"
    assert attempt(page, "/midifrag/panic")[1] == "sent"
    wanted = [
        ("/midifrag/press", 36),
        ("/midifrag/press", "Kick", 99.5),
        ("/midifrag/prompt", "12 bells"),
        ("/midifrag/control", "steps", 8.0),
        ("/midifrag/control", "steps"),
        ("/midifrag/panic",),
    ]
    peer.wait_for(lambda received: received == wanted)


def test_what_cannot_be_sent_says_why(headless, monkeypatch):
    page = headless(osc={"listen": free_port()})
    page.show(OscPanel)
    assert attempt(page, "/midifrag/press", "128") == ("/midifrag/press: pad 128 is outside 0 to 127", "error")
    assert attempt(page, "/midifrag/slot/lock", "")[1] == "error"

    def gone(*_arguments, **_options):
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "getaddrinfo", gone)
    text, kind = attempt(page, "/midifrag/panic")
    assert text.endswith("Network is unreachable")
    assert kind == "error"


def test_nothing_is_sent_where_nothing_listens(headless):
    page = headless()
    page.show(OscPanel)
    assert attempt(page, "/midifrag/panic") == ("Nothing comes in: presets.yaml has no osc.listen.", "error")
