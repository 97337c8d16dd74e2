"""The page of all settings is what the models say."""

import re

import pytest
from pydantic import BaseModel, Field

from midifrag.config.banks import Bank
from midifrag.config.controls import Control
from midifrag.config.midi_rules import TimeSettings
from midifrag.config.pads import Pad
from midifrag.config.ports import PortSettings
from midifrag.config.settings import Settings
from midifrag.config.targets import WRITTEN
from tools import settings_reference as reference


def field(model, name):
    return model.model_fields[name]


def test_the_page_is_current():
    written = reference.PAGE.read_text(encoding="utf-8")
    assert written == reference.page(), "run `python -m tools.settings_reference`"


def test_every_key_has_its_line():
    sections = [*reference.sections_of("show", Settings), *reference.sections_of("bank", Bank)]
    missing = [
        f"{section.model.__name__}.{name}"
        for section in sections
        for name, one in section.model.model_fields.items()
        if not one.exclude and not reference.description_of(one)
    ]
    assert missing == []


def test_every_link_leads_to_a_section():
    text = reference.page()
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    anchors = {reference.Section(title, Settings).anchor for title in titles}
    links = set(re.findall(r"\(#([^)]*)\)", text))
    assert links
    assert links <= anchors
    assert len(anchors) == len(titles)


@pytest.mark.parametrize(
    ("model", "name", "kind", "default", "limits"),
    [
        (Pad, "steps", "whole number", "", "1 to 1000"),
        (Pad, "seconds", "number", "", "0.1 to 380 s"),
        (Pad, "seed", "whole number or random", "", "0 to 4294967295"),
        (Pad, "sampler", "text", "", ""),
        (Pad, "prompt", "text", "required", "not empty"),
        (Pad, "on_lost", "one of queue, fail, wait", "`queue`", ""),
        (Control, "sets", WRITTEN, "required", ""),
        (Control, "range", "two numbers, such as [1, 12]", "required", ""),
        (Control, "cc", "whole number", "", "0 to 127"),
        (PortSettings, "input", "pattern in quotes, or {virtual: name}", "", ""),
        (PortSettings, "ignore_echo", "true or false", "`true`", ""),
        (Settings, "set_list", "list of text", "`[opening]`", "not empty"),
        (Settings, "tempo", "number", "`120`", "20 to 400"),
        (TimeSettings, "signature", "beats of a bar and their note, 6/8", "`4/4`", ""),
    ],
)
def test_a_key_in_words(model, name, kind, default, limits):
    one = field(model, name)
    assert reference.type_of(one, {}) == kind
    assert reference.default_of(one) == default
    assert reference.limits_of(one) == limits


def test_an_upper_end_that_does_not_count():
    class Some(BaseModel):
        level: float = Field(default=-1, ge=-9, lt=0)

    assert reference.limits_of(field(Some, "level")) == "-9 to below 0"
