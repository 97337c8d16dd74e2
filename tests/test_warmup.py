from midifrag.warmup import aligns_loops, warm_renders
from tests.support.shows import bank, loaded


def test_every_preset_of_every_bank_is_warmed_once_by_its_model():
    show = loaded(
        bank("one", {36: {"prompt": "rain"}, 37: {"prompt": "rain"}, 38: {"prompt": "{bpm} beat", "seconds": 2}}),
        bank("two", {36: {"prompt": "rain"}, 37: {"prompt": "bell", "model": "pocket"}}),
        defaults={"steps": 9},
        tempo=99,
    )
    warm = warm_renders(show)
    assert [(render.prompt, render.seconds, render.steps) for render in warm["sketch"]] == [
        ("rain", None, 9),
        ("99 beat", 2, 9),
    ]
    assert [render.prompt for render in warm["pocket"]] == ["bell"]


def test_the_shows_model_is_loaded_even_if_every_pad_has_another():
    show = loaded(bank("one", {36: {"prompt": "bell", "model": "pocket"}}))
    assert warm_renders(show)["sketch"] == ()


def test_beats_are_listened_for_only_where_some_pad_wants_it():
    aligned = {"fragment": {"loop": True, "loop_align": True}}
    assert aligns_loops(loaded(bank("one", {36: {"prompt": "rain"}, 37: {"prompt": "beat", **aligned}})))
    assert not aligns_loops(loaded(bank("one", {36: {"prompt": "beat", "fragment": {"loop": True}}})))
