from midifrag.engine.diffusion.parameters import resolve_parameters
from midifrag.engine.diffusion.remarks import remarks_on
from midifrag.engine.diffusion.request import Request
from midifrag.engine.loading.model import Model
from tests.engine.presses import press


class Reader:
    """Reads three words of a prompt, and knows one of them not."""

    def cut(self, prompt: str) -> str:
        return " ".join(prompt.split()[3:])

    def ignored(self, prompt: str) -> tuple[str, ...]:
        return tuple(word for word in prompt.split() if word.startswith("qu"))


def remarks(model: Model, **asked: str) -> list[str]:
    render = press(1, **asked)
    return remarks_on(Request(render, resolve_parameters(render, model), 1, spare=False), model, Reader())


def test_what_is_understood_whole_needs_no_remark(model: Model) -> None:
    assert remarks(model, prompt="rain", negative_prompt="hum", morph="0.5 to bell") == []


def test_what_is_cut_is_told_of_each_prompt(model: Model) -> None:
    told = remarks(model, prompt="a b c rain", negative_prompt="a b c hum", morph="0.5 to a b c bell")
    assert told == [
        "tiny does not read so long a prompt; cut: rain",
        "tiny does not read so long a negative prompt; cut: hum",
        "tiny does not read so long a prompt to morph to; cut: bell",
    ]


def test_words_without_effect_are_those_that_are_read(model: Model) -> None:
    told = remarks(model, prompt="rain quz b quy", morph="0.5 to qux")
    assert told[1:] == ["words without effect: quz, qux"]


def test_what_the_model_has_no_input_for_is_told(model: Model) -> None:
    [told] = remarks(model, conditioning="mood=grim")
    assert told.startswith("the model has no input mood")
