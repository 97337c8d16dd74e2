"""What ``midifrag check`` and ``midifrag models`` say of LoRAs: where they are, what plays them, what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from midifrag.config import loading
from midifrag.config.loading import Loaded
from midifrag.config.parameters import shown
from midifrag.config.used_loras import UsedLora, used_loras
from midifrag.engine.loading import hub
from midifrag.engine.loading.lora_check import lora_problem
from midifrag.errors import HubError, Problem


def lora_lines(loaded: Loaded) -> Iterator[str]:
    """A line for each LoRA of a set."""
    for used in used_loras(loaded.settings, loaded.banks):
        strengths = ", ".join(map(shown, used.strengths))
        where = f", in {', '.join(used.banks)}" if used.banks else ""
        yield f"LoRA {used.lora.name} {strengths} of {', '.join(used.models)}{where}: {used.lora.place}"


def unusable_loras(loaded: Loaded) -> Iterator[Problem]:
    """A problem for each LoRA of this machine whose file is missing, or no LoRA; in the set's file or a bank's."""
    for used in used_loras(loaded.settings, loaded.banks):
        problem = None if used.lora.hub is not None else lora_problem(Path(used.lora.place))
        if problem is None:
            continue
        if used.banks:
            yield Problem(loading.bank_name(used.banks[0]), None, "loras", problem)
        else:
            yield loading.show_problem(loaded, ("models", used.models[0], "loras"), problem)


def missing_loras(loaded: Loaded) -> Iterator[str]:
    """A line for each LoRA of the hub that has to be fetched first."""
    for used in used_loras(loaded.settings, loaded.banks):
        if used.lora.hub is not None and presence(used) != "yes":
            yield f"LoRA {used.lora.name} is not on this machine; run fetches it, and so does `midifrag fetch`"


def presence(used: UsedLora) -> str:
    """Whether a LoRA is on this machine, or why it will not play."""
    if used.lora.hub is None:
        problem = lora_problem(Path(used.lora.place))
        return "yes" if problem is None else f"will not play: {problem}"
    try:
        hub.lora_file(*used.lora.hub, may_fetch=False)
    except HubError:
        return "no; midifrag fetch"
    return "yes"


def fetch_loras(loaded: Loaded, model: str) -> list[str]:
    """Fetch the LoRAs of a model that come from the hub. Returns their names; raises `HubError`."""
    fetched = []
    for used in used_loras(loaded.settings, loaded.banks):
        if used.lora.hub is not None and model in used.models:
            hub.lora_file(*used.lora.hub, may_fetch=True)
            fetched.append(used.lora.name)
    return fetched
