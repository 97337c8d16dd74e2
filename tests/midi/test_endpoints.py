from __future__ import annotations

import pytest

from midifrag.config.ports import PortSettings
from midifrag.midi.endpoints import endpoints_of


def endpoints(**settings):
    return endpoints_of("pads", PortSettings.model_validate(settings), "midifrag")


@pytest.mark.parametrize(
    ("settings", "directions"),
    [
        ({"in": "Pads", "out": "Pads"}, ["in", "out"]),
        ({"in": "Pads"}, ["in"]),
        ({"out": {"virtual": "live"}}, ["out"]),
        ({}, []),
        ({"surface": "launchpad"}, ["in", "out"]),
        ({"surface": "mackie"}, []),
    ],
)
def test_a_port_has_an_endpoint_for_each_direction_that_it_names(settings, directions):
    assert [(made.port, made.direction) for made in endpoints(**settings)] == [("pads", one) for one in directions]


def test_an_endpoint_wants_a_device_or_is_made():
    device, made = endpoints(**{"in": "Launchpad", "out": {"virtual": "live"}})
    assert (device.wanted, device.virtual) == ("Launchpad", None)
    assert (made.wanted.virtual, made.virtual) == ("live", "live")


def test_clients_are_called_after_their_port_and_direction_and_nothing_else():
    endpoints = endpoints_of("a:b", PortSettings.model_validate({"in": "Pads", "out": "Pads"}), "lights")
    assert [endpoint.client for endpoint in endpoints] == ["lights-a_b-in", "lights-a_b-out"]


def test_nothing_is_open_at_first():
    (endpoint,) = endpoints(**{"in": "Launchpad"})
    assert (endpoint.name, endpoint.open, endpoint.suspect, endpoint.told) == (None, None, False, "")
