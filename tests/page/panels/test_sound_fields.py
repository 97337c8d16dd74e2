from midifrag.page.panels.sound_fields import shown_part, typed_part


def test_what_is_shown_is_what_is_typed():
    for value in (None, 4, 2.5, [1.5, 2.5], [0, 3]):
        shown = shown_part(value)
        assert (typed_part(shown) if shown else None) == value
    assert shown_part([1.5, 2]) == "1.5, 2"


def test_numbers_are_typed_as_performers_do_and_what_is_none_stays_to_be_told_as_wrong():
    assert typed_part("[1.5, 2.5]") == [1.5, 2.5]
    assert typed_part("1 2") == [1.0, 2.0]
    assert typed_part("later") == "later"
    assert typed_part(None) is None
