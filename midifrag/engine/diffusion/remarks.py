"""What a performer should know of how a prompt is understood."""

from __future__ import annotations

from midifrag.config.model_inputs import unheard
from midifrag.engine.diffusion.request import Request
from midifrag.engine.loading.model import Model
from midifrag.engine.loading.prompt_room import cut_sentence
from midifrag.engine.network.conditioning import Conditioner


def remarks_on(request: Request, model: Model, conditioner: Conditioner) -> list[str]:
    """A sentence for each prompt that is cut, for words without effect, and for what the model does not hear."""
    prompt, negative = request.parameters.prompt, request.parameters.negative_prompt
    cut, cut_negative = conditioner.cut(prompt), conditioner.cut(negative)
    ignored = conditioner.ignored(prompt.removesuffix(cut))
    remarks = [cut_sentence(model.name, cut)] if cut else []
    remarks += [cut_sentence(model.name, cut_negative, "negative prompt")] if cut_negative else []
    other = "" if request.parameters.between is None else request.parameters.between.to
    cut_other = conditioner.cut(other)
    remarks += [cut_sentence(model.name, cut_other, "prompt to morph to")] if cut_other else []
    ignored = (*ignored, *conditioner.ignored(other.removesuffix(cut_other)))
    remarks += [f"words without effect: {', '.join(ignored)}"] if ignored else []
    return [*remarks, *unheard(model.inputs, request.render.conditioning, request.parameters.told)]
