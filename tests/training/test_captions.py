import numpy as np
import pytest

from midifrag.engine.sketch import FAMILIES, parse
from training.captions import AMOUNT, COUNTS, MISSED, NAMES, WORDS, compose, draw, held_out, missed, scarcity


def test_every_axis_and_word_is_known_to_the_teacher():
    for axis, pair in WORDS.items():
        for word, sign in zip(pair, (-1, 1), strict=True):
            assert np.sign(getattr(parse(word), axis)) == sign


@pytest.mark.parametrize("family", NAMES)
def test_a_drawn_caption_says_what_its_parameters_are(family):
    rng = np.random.default_rng(3)
    for _ in range(20):
        caption = draw(family, rng)
        *adjectives, name = caption.prompt.split()
        assert name == family
        assert caption.parameters.families == (family,)
        assert len(adjectives) < len(COUNTS)
        said = {axis for axis, pair in WORDS.items() if set(pair) & set(adjectives)}
        for axis, (low, high) in WORDS.items():
            position = getattr(caption.parameters, axis)
            assert (position != 0) == (axis in said)
            if position:
                least, most = AMOUNT[axis]
                assert least <= abs(position) <= most
                assert (high if position > 0 else low) in adjectives
        assert said <= set(FAMILIES[family].axes)


def test_training_and_evaluation_share_no_prompt_with_adjectives():
    rng = np.random.default_rng(1)
    train = {frozenset(draw(name, rng).prompt.split()) for name in NAMES for _ in range(100)}
    test = {frozenset(draw(name, rng, evaluation=True).prompt.split()) for name in NAMES for _ in range(10)}
    assert not train & test


def test_holding_out_does_not_depend_on_the_order_of_words():
    prompts = ["dark short kick", "short dark kick", "kick short dark"]
    assert len({held_out(prompt) for prompt in prompts}) == 1
    assert not any(held_out(name) for name in NAMES)


def test_words_that_few_families_know_are_taken_more_often():
    common, rarer, rarest = scarcity("dark pad"), scarcity("rising pad"), scarcity("slow rising dark pad")
    assert scarcity("pad") == common == 1
    assert 1 < rarer < rarest == len(NAMES) / sum("speed" in family.axes for family in FAMILIES.values())


@pytest.mark.parametrize("family", NAMES)
def test_words_that_holding_out_leaves_fewer_captions_with_are_found(family):
    rng = np.random.default_rng(8)
    captions = [set(draw(family, rng).prompt.split()) for _ in range(2000)]
    words = [word for axis in FAMILIES[family].axes for word in WORDS[axis]]
    said = {word: sum(word in caption for caption in captions) for word in words}
    usual = sum(said.values()) / len(words)
    assert all(said[word] < 1.25 * MISSED * usual for word in missed(family))
    assert all(said[word] > 0.75 * MISSED * usual for word in words if word not in missed(family))


def test_low_leads_are_missed():
    assert missed("lead") == ("low",)
    assert missed("kick") == ()


def test_a_caption_with_a_word_has_it_and_is_no_more_held_out_than_others():
    rng = np.random.default_rng(4)
    prompts = [draw("lead", rng, word="low").prompt for _ in range(50)]
    assert all("low" in prompt.split() for prompt in prompts)
    assert not any(held_out(prompt) for prompt in prompts)
    assert held_out("low lead")


def test_a_composed_caption():
    caption = compose("bass", {"pitch": -0.5, "distortion": 0.8})
    assert caption.prompt == "low distorted bass"
    assert (caption.parameters.pitch, caption.parameters.distortion) == (-0.5, 0.8)
