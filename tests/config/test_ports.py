"""What the ports of presets.yaml may say."""

import pytest
from pydantic import ValidationError

from midifrag.config.ports import PortSettings, VirtualPort


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("Launchpad.*", str),
        ("MIDIIN2 (Launchpad Mini MK3 MID", str),
        ({"virtual": "x"}, VirtualPort),
        (VirtualPort(virtual="x"), VirtualPort),
    ],
)
def test_a_port_is_a_pattern_or_one_of_our_own(value, kind):
    assert isinstance(PortSettings.model_validate({"in": value}).input, kind)


@pytest.mark.parametrize("value", ["(", 5, {"virtual": ""}, {"virtual": "x", "y": 1}])
def test_anything_else_is_no_port(value):
    with pytest.raises(ValidationError):
        PortSettings.model_validate({"in": value})


@pytest.mark.parametrize("value", ["notes", [5, 1]])
def test_a_place_is_notes_or_a_corner(value):
    port = PortSettings.model_validate({"surface": "launchpad", "place": value})
    assert port.model_dump(mode="json")["place"] == value
    assert bool(port.grids) is (value != "notes")
    assert port.known_grids
    assert port.corner == ((1, 1) if value == "notes" else (5, 1))


@pytest.mark.parametrize("value", ["pads", [0, 1], [1], [1, 17], [True, 1], 11])
def test_anything_else_is_no_place(value):
    with pytest.raises(ValidationError, match="neither notes nor"):
        PortSettings.model_validate({"surface": "launchpad", "place": value})


def test_messages_go_on_to_one_port_or_several():
    assert PortSettings.model_validate({"in": "x", "thru": "synth"}).thru == ("synth",)
    assert PortSettings.model_validate({"in": "x", "thru": ["synth", "daw"]}).thru == ("synth", "daw")
    assert PortSettings.model_validate({"in": "x"}).thru == ()


@pytest.mark.parametrize("performer", ["", "  ", 5])
def test_a_performer_has_a_name(performer):
    with pytest.raises(ValidationError):
        PortSettings.model_validate({"in": "x", "performer": performer})
