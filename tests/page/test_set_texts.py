"""The words of set editing and learning: each is used, and none is called as one of `texts` is."""

from midifrag.page import set_texts, texts
from tests.page.test_texts import used


def test_every_text_is_used_and_every_one_that_is_used_is_there():
    assert used("set_texts") == {name for name in vars(set_texts) if name.isupper()}


def test_no_name_means_two_texts():
    assert not {name for name in vars(set_texts) if name.isupper()} & set(vars(texts))
