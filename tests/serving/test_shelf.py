"""What is in memory, and what goes."""

from hypothesis import given
from hypothesis import strategies as st

from midifrag.serving.shelf import Shelf


def anything(_model):
    return True


def test_at_first_what_fits_is_there_and_the_first_one_goes_last():
    shelf = Shelf({"a": 4, "b": 5, "c": 4, "d": 1}, 9)
    assert shelf.fill() == ("b", "a")
    assert Shelf({"a": 40, "b": 1}, 9).fill() == ("a",)
    assert Shelf({"a": 4, "b": 5, "c": 1}, 9).fill() == ("b", "a")


def test_the_first_is_there_even_where_it_does_not_fit_and_smaller_ones_after_one_that_does_not():
    assert Shelf({"a": 5, "b": 9, "c": 4}, 9).fill() == ("c", "a")


def test_what_was_used_longest_ago_goes_and_no_more_than_has_to():
    shelf = Shelf({"a": 3, "b": 3, "c": 3, "d": 5}, 9)
    for model in ("a", "b", "c"):
        shelf.put(model)
    shelf.put("a")
    assert shelf.held == ("b", "c", "a")
    assert shelf.in_the_way("d", anything) == ("b", "c")
    assert shelf.in_the_way("d", lambda model: model != "b") == ("c", "a")
    assert shelf.in_the_way("d", lambda model: model == "c") is None


def test_what_fits_is_in_nobodys_way():
    shelf = Shelf({"a": 3, "b": 3}, 9)
    shelf.put("a")
    assert shelf.in_the_way("b", anything) == ()


def test_one_larger_than_all_the_room_is_there_alone():
    shelf = Shelf({"a": 3, "large": 99}, 9)
    shelf.put("a")
    assert shelf.in_the_way("large", anything) == ("a",)
    shelf.remove("a")
    assert shelf.in_the_way("large", anything) == ()
    assert shelf.in_the_way("large", lambda _model: False) == ()


def test_what_takes_nothing_is_in_nobodys_way():
    shelf = Shelf({"sketch": 0, "a": 5, "large": 99}, 9)
    shelf.put("sketch")
    shelf.put("a")
    assert shelf.in_the_way("large", anything) == ("a",)
    shelf.remove("a")
    assert shelf.in_the_way("large", anything) == ()


def test_what_a_model_really_takes_counts():
    shelf = Shelf({"a": 0, "b": 0}, 9)
    assert shelf.fill() == ("b", "a")
    shelf.weigh("a", 6)
    shelf.weigh("b", 6)
    assert shelf.in_the_way("", anything) == ("b",)
    assert "a" in shelf
    assert "c" not in shelf


@given(
    sizes=st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 20), min_size=1),
    used=st.lists(st.sampled_from("abcdefgh"), max_size=30),
    room=st.integers(0, 40),
)
def test_whatever_is_used_what_is_there_fits_or_is_one_alone(sizes, used, room):
    shelf = Shelf(sizes, room)
    shelf.fill()
    for model in filter(sizes.__contains__, used):
        if model not in shelf:
            for gone in shelf.in_the_way(model, anything):
                shelf.remove(gone)
        shelf.put(model)
        assert shelf.held[-1] == model
        assert sum(sizes[one] for one in shelf.held) <= room or sum(sizes[one] > 0 for one in shelf.held) == 1
