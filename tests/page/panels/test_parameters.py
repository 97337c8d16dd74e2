"""Fields for parameters: empty means what the level above says."""

import pytest

from midifrag.page.panels.parameters import Fields
from tests.page.changes import INFO, engine

EVERY = ("steps", "cfg_scale", "seconds", "seed", "sigma_min", "sigma_max")


@pytest.fixture
def page(headless):
    opened = headless(models={"soft": {"engine": "sketch"}})
    opened.take(engine(info=INFO))
    opened.fields = opened.do(lambda: Fields(opened.page, EVERY))
    return opened


def enter(page, **values):
    for name, value in values.items():
        page.enter(page.one(f"field-{name}"), value)


def test_what_is_left_empty_is_not_said(page):
    assert page.fields.values == {}
    enter(page, steps="  ", seed=None, negative="")
    assert page.fields.values == {}


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("8", 8),
        (" 8 ", 8),
        ("6.5", 6.5),
        ("6,5", 6.5),
        ("1e2", 100.0),
        ("eight", "eight"),
        ("random", "random"),
        ("8 9", "8 9"),
    ],
)
def test_numbers_are_numbers_with_point_or_comma_and_else_text(page, typed, value):
    enter(page, steps=typed)
    found = page.fields.values["steps"]
    assert (found, type(found)) == (value, type(value))


def test_text_stays_text(page):
    enter(page, negative="12")
    assert page.fields.values == {"negative_prompt": "12"}


def test_models_and_their_samplers_can_be_chosen(page):
    model, sampler = page.one("field-model"), page.one("field-sampler")
    assert model.options == ["auto", *page.page.loaded.settings.known_models]
    assert "soft" in model.options
    assert sampler.options == ["auto", "sketch", "other"]
    enter(page, sampler="other", model="soft")
    assert page.fields.values == {"sampler": "other", "model": "soft"}
    # Nothing is loaded for this one yet; what was chosen stays there.
    assert sampler.options == ["auto", "other"]


def test_a_model_that_is_gone_stays_until_another_is_chosen(page):
    page.do(lambda: page.fields.fill({"model": "gone"}))
    assert page.fields.values == {"model": "gone"}
    page.do(page.fields.offer)
    assert page.fields.values == {"model": "gone"}
    assert page.one("field-model").options[-1] == "gone"


def test_filling_shows_these_values_and_no_others(page):
    enter(page, steps="3", negative="speech")
    said = {"cfg_scale": 7.0, "sigma_min": 0.03, "seed": 5, "sampler": "other"}
    page.do(lambda: page.fields.fill(said))
    assert page.fields.values == said
    assert page.one("field-cfg_scale").value == "7"
    assert page.one("field-steps").value == ""
    page.do(lambda: page.fields.fill({}))
    assert page.fields.values == {}


def test_what_is_wrong_is_marked_at_its_field_alone(page):
    page.do(lambda: page.fields.mark({"steps": "0 is below 1", "prompt": "is empty"}))
    steps, seed = page.one("field-steps").props, page.one("field-seed").props
    assert (steps["error"], steps["error-message"]) == (True, "0 is below 1")
    assert (seed["error"], seed["error-message"]) == (False, "")
    page.do(lambda: page.fields.mark({}))
    assert page.one("field-steps").props["error"] is False


def test_phones_bring_up_the_keys_that_fit(page):
    assert page.one("field-steps").props["inputmode"] == "numeric"
    assert page.one("field-cfg_scale").props["inputmode"] == "decimal"
