"""Keys as people write them."""

import pytest

from midifrag.fragment.keys import Key, read_key, spelled


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A minor", Key(9, "minor")),
        (" Am ", Key(9, "minor")),
        ("a", Key(9)),
        ("AM", Key(9, "major")),
        ("b", Key(11)),
        ("Bb", Key(10)),
        ("bbm", Key(10, "minor")),
        ("B flat minor", Key(10, "minor")),
        ("F#-Dur", Key(6, "major")),
        ("F sharp", Key(6)),
        ("Cb", Key(11)),
        ("D♯ Dorian", Key(3, "dorian")),
        ("B blues", None),
        ("Bebop", None),
        ("H moll", None),
        ("any key", None),
        ("", None),
    ],
)
def test_a_key_is_read(text, key):
    assert read_key(text) == key


@pytest.mark.parametrize(
    ("text", "said"), [("am", "A minor"), ("C#M", "C# major"), ("A", "A"), ("pelog", "pelog"), ("b♭ min", "B♭ minor")]
)
def test_a_key_is_spelled_as_prompts_have_it(text, said):
    assert spelled(text) == said
