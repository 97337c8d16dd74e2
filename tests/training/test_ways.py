from collections import Counter

import torch

from training import ways
from training.ways import Prompts


def test_prompts_of_a_file_are_taken_and_some_of_them_held_out(tmp_path):
    file = tmp_path / "prompts.txt"
    file.write_text("\n".join(f"gong {number}" for number in range(64)))
    prompts = Prompts(file)
    drawn, kept = set(prompts(500)), set(prompts(500, evaluation=True))
    assert all(prompt.startswith("gong") for prompt in drawn | kept)
    assert kept
    assert not drawn & kept


def test_prompts_name_words_that_few_captions_have(monkeypatch):
    torch.manual_seed(0)

    def low_leads():
        prompts = [prompt.split() for prompt in Prompts()(1800) if prompt.endswith("lead")]
        return sum("low" in prompt for prompt in prompts) / len(prompts)

    assert 0.18 < low_leads() < 0.4
    monkeypatch.setattr(ways, "NAMED", 1.0)
    assert low_leads() == 1
    monkeypatch.setattr(ways, "NAMED", 0.0)
    assert low_leads() < 0.15


def test_prompts_name_some_families_more_often_but_not_where_they_are_measured():
    torch.manual_seed(0)
    drawn = {
        evaluation: Counter(prompt.split()[-1] for prompt in Prompts()(2700, evaluation=evaluation))
        for evaluation in (False, True)
    }
    assert set(drawn[True].values()) == {100}
    usual = drawn[False]["kick"]
    assert {name: round(count / usual) for name, count in drawn[False].items() if round(count / usual) > 1} == {
        "lead": 3,
        "pluck": 2,
    }
