from midifrag.engine.stop_words import STOP_WORDS


def test_they_are_single_words_in_lower_case():
    assert all(word.isalpha() and word.islower() for word in STOP_WORDS)


def test_grammar_and_words_for_any_sound_say_nothing():
    assert {"a", "the", "with", "sound", "sample", "tempo"} <= STOP_WORDS
    assert not {"rain", "no", "without", "very", "low"} & STOP_WORDS
