import pytest
from pydantic import ValidationError

from midifrag.config.performers import PerformerSettings, name_of, performer_of, performers, slots_of
from midifrag.config.settings import Settings


def show(ports, count=8, **performers_):
    named = {name: {"in": name, **({"performer": who} if who else {})} for name, who in ports.items()}
    return Settings.model_validate({"ports": named, "fragments": {"count": count}, "performers": performers_})


def slots(settings, performer):
    return slots_of(settings.performers, settings.ports, settings.fragments.count, performer)


def test_ports_that_name_nobody_are_the_main_performers():
    ports = show({"pads": None, "one": "left", "two": "right", "more": "left"}).ports
    assert performers(ports) == ("", "left", "right")
    assert [performer_of(ports, name) for name in (*ports, "page")] == ["", "left", "right", "left", ""]
    assert [name_of(ports, one) for one in performers(ports)] == ["", "left", "right"]


def test_where_every_port_names_one_the_first_is_the_main_performer():
    ports = show({"one": "left", "two": "right"}).ports
    assert performers(ports) == ("", "right")
    assert [performer_of(ports, name) for name in ("one", "two", "page")] == ["", "right", ""]
    assert name_of(ports, "") == "left"


def test_alone_there_is_one():
    assert performers(show({"pads": None}).ports) == ("",)


def test_slots_are_shared_unless_somebody_has_some_alone():
    ports = {"one": "left", "two": "right"}
    assert slots(show(ports), "") is None
    split = show(ports, left={"slots": [1, 3]})
    assert slots(split, "") == (1, 2, 3)
    assert slots(split, "right") == (4, 5, 6, 7, 8)
    both = show(ports, left={"slots": [1, 3]}, right={"slots": 8})
    assert slots(both, "right") == (8,)


@pytest.mark.parametrize("wrong", [[0, 3], [1], [1, 2, 3], "all"])
def test_slots_are_a_first_and_a_last(wrong):
    with pytest.raises(ValidationError):
        PerformerSettings.model_validate({"slots": wrong})
