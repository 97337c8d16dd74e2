from midifrag.engine.loading.layouts import find_layout, plain_name

EXPECTED = ("model.model.a.weight_g", "model.model.a.weight_v", "conditioner.conditioners.b.w", "pretransform.model.c")


def given(*, before="", root=""):
    return {before + name.removeprefix(root): name for name in EXPECTED}


def test_what_wrappers_put_into_names_is_left_out():
    assert plain_name("module.model._orig_mod.a.parametrizations.weight.original1") == "model.a.weight_v"


def test_a_prefix_is_found():
    names = given(before="x.y.")
    assert find_layout(names, EXPECTED).names == {name: one for one, name in names.items()}


def test_each_part_may_lie_elsewhere():
    names = ["net.a.weight_g", "net.a.weight_v", "b.w", "vae.c"]
    assert find_layout(names, EXPECTED).names == dict(zip(EXPECTED, names, strict=True))


def test_averages_win_over_as_many_others_but_not_over_more():
    both = [*EXPECTED, *(f"ema.{name}" for name in EXPECTED)]
    layout = find_layout(both, EXPECTED)
    assert layout.names == {name: f"ema.{name}" for name in EXPECTED}
    assert (layout.averaged, layout.unused) == (True, ())
    fewer = [*EXPECTED, "ema.model.model.a.weight_g"]
    assert not find_layout(fewer, EXPECTED).averaged


def test_optional_names_decide_nothing():
    both = [*EXPECTED, *(f"ema.{name}" for name in EXPECTED[1:])]
    assert find_layout(both, EXPECTED, frozenset(EXPECTED[:1])).averaged
    assert find_layout(both, EXPECTED).names[EXPECTED[1]] == EXPECTED[1]


def test_teachers_and_judges_are_no_model():
    beside = [f"{who}.{name}" for who in ("teacher_model", "discriminators", "losses.x") for name in EXPECTED]
    layout = find_layout(beside, EXPECTED)
    assert (layout.names, layout.unused) == ({}, ())


def test_what_belongs_to_nobody_is_told():
    names = [*EXPECTED, "logvar", "ema.step", "optimizer_states.0.x"]
    assert find_layout(names, EXPECTED).unused == ("logvar",)


def test_a_weight_without_its_norm_stands_for_both():
    layout = find_layout(["model.model.a.weight", *EXPECTED[2:]], EXPECTED)
    assert layout.bare == {"model.model.a.weight_g", "model.model.a.weight_v"}
    assert {layout.names[name] for name in layout.bare} == {"model.model.a.weight"}
    assert find_layout(["model.model.a.weight", *EXPECTED], EXPECTED).bare == frozenset()
