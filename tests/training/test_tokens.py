import pytest
from transformers import AutoTokenizer

from training.captions import NAMES, WORDS
from training.tokens import PAD, save_tokenizer, synonyms, vocabulary


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    tokenizer = AutoTokenizer.from_pretrained(str(save_tokenizer(tmp_path_factory.mktemp("tokenizer"))))

    def read(text):
        tokens = tokenizer(text, truncation=True, max_length=8, padding="max_length")["input_ids"]
        return [word for word in tokenizer.convert_ids_to_tokens(tokens) if word != PAD]

    return read


def test_every_word_of_the_captions_is_itself(words):
    for word in (*NAMES, *(word for pair in WORDS.values() for word in pair)):
        assert words(word) == [word]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rain on a tin roof, close mic", ["rain", "bright", "dry"]),
        ("Hi-Hats, kick drum!", ["hats", "kick"]),
        ("deep sub bass", ["low", "dark", "sub"]),
        ("drums", ["tom"]),
        ("bright snares", ["bright", "snare"]),
        ("a quick brown fox", ["fast"]),
        ("", []),
    ],
)
def test_synonyms_are_understood_and_other_words_take_no_place(words, text, expected):
    assert words(text) == expected


def test_every_synonym_says_words_of_the_vocabulary(words):
    for phrase, meaning in synonyms().items():
        assert words(phrase) == meaning.split()
        assert set(meaning.split()) <= set(vocabulary())


def test_a_tokenizer_is_written_over_another_one_and_leaves_nothing_else(tmp_path):
    for _ in range(2):
        folder = save_tokenizer(tmp_path / "tokenizer")
    assert [path.name for path in tmp_path.iterdir()] == ["tokenizer"]
    assert {path.name for path in folder.iterdir()} >= {"tokenizer.json", "tokenizer_config.json"}
