"""The tokenizer: a few dozen words, all of the teacher's synonyms for them, and nothing for any other word.

Synonyms are replaced while the text is normalised, and unknown words removed, so the model has to learn one word for
each thing and no place of a prompt is wasted.
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from midifrag.engine.sketch import FAMILIES
from midifrag.engine.sketch.words import ADJECTIVES
from training.captions import NAMES, WORDS

PAD, UNKNOWN = "<pad>", "<unk>"


def vocabulary() -> list[str]:
    """The words in the order of their numbers."""
    return [PAD, UNKNOWN, *NAMES, *(word for pair in WORDS.values() for word in pair)]


def synonyms() -> dict[str, str]:
    """Every other way to say something → the words for it; what several words say comes before what one says."""
    table: dict[str, str] = {}
    for word, axes in ADJECTIVES.items():
        table[word] = " ".join(WORDS[axis][amount > 0] for axis, amount in axes)
    for name, family in FAMILIES.items():
        table.update(dict.fromkeys(family.synonyms, name))
    known = set(vocabulary())
    ordered = sorted(table, key=lambda phrase: (-len(phrase.split()), -len(phrase), phrase))
    return {phrase: table[phrase] for phrase in ordered if phrase not in known}


def build() -> Tokenizer:
    """The tokenizer itself."""
    words = vocabulary()
    # One pass for each phrase; what a pass has written is marked so that later ones leave it alone.
    replacements = [
        normalizers.Replace(Regex(rf"(?<![\w@])(?:{re.escape(phrase)})s?(?![\w@])"), _marked(meaning))
        for phrase, meaning in synonyms().items()
    ]
    known = "|".join(words[2:])
    steps = [
        normalizers.NFKC(),
        normalizers.Lowercase(),
        normalizers.Replace(Regex("[-_/]"), " "),
        *replacements,
        normalizers.Replace("@", ""),
        normalizers.Replace(Regex(rf"(?<={known})s\b"), ""),
        normalizers.Replace(Regex(rf"\b(?!(?:{known})\b)\w+"), ""),
        normalizers.Replace(Regex(r"[^\w ]"), " "),
    ]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def _marked(meaning: str) -> str:
    return " ".join(f"@{word}" for word in meaning.split())


def save_tokenizer(folder: Path) -> Path:
    """Write the tokenizer as a folder that every recent release of transformers loads without a network."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        fresh = Path(name)
        PreTrainedTokenizerFast(tokenizer_object=build(), pad_token=PAD, unk_token=UNKNOWN).save_pretrained(fresh)
        file = fresh / "tokenizer_config.json"
        # Later releases name a class here that earlier ones do not know.
        known = json.loads(file.read_text()) | {"tokenizer_class": "PreTrainedTokenizerFast"}
        file.write_text(json.dumps(known, indent=2))
        # Whole files at once: several processes of a training may be at it.
        for file in fresh.iterdir():
            file.replace(folder / file.name)
    return folder
