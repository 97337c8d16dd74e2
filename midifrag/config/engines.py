"""A set's models, where they come from, and how engines run them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    WrapValidator,
    create_model,
    field_validator,
    model_validator,
)

from midifrag.config.conditioning import as_conditioning
from midifrag.config.lora_lists import as_loras
from midifrag.config.parameters import PARAMETERS
from midifrag.config.places import ModelPath, Repository, RepositoryFile, Revision, repository_file_problem
from midifrag.config.value_types import Strict, Written, WrongKeyError


def _unless_an_engines_own(value: Any, check: Any, info: ValidationInfo) -> Any:
    """Keys beside ``engine:`` mean what that engine says."""
    return value if info.data.get("engine") is not None else check(value)


_OURS = WrapValidator(_unless_an_engines_own)
#: Keys that an entry has beside ``hub`` only.
_OF_THE_HUB = ("file", "revision")


def _defaults_model() -> type[Strict]:
    """The keys of ``defaults``: every parameter that models have a default of their own for, with its limits."""
    fields: dict[str, Any] = {}
    for name, parameter in PARAMETERS.items():
        if parameter.defaulted:
            low, high = parameter.limits
            bounds: dict[str, Any] = {} if parameter.kind is str else {"ge": low, "le": high}
            kind: Any = Literal[parameter.words] if parameter.words and parameter.kind is str else parameter.kind
            fields[name] = (kind | None, Field(default=None, description=parameter.line, **bounds))
    return create_model("ModelDefaults", __base__=Strict, __doc__="What a model is played with.", **fields)


#: What a model is played with where no pad, bank or set says it.
ModelDefaults = _defaults_model()


class ModelSource(BaseModel):
    """Where a model's files are: exactly one of ``hub``, ``config`` (with ``checkpoint``), ``folder`` or ``engine``."""

    model_config = ConfigDict(frozen=True, extra="allow")

    hub: Repository | None = Field(default=None, description="a model of the hub, owner/name")
    config: ModelPath | None = Field(
        default=None,
        description="its model_config.json, from the folder of presets.yaml on; beside hub the name that it has there, "
        "where that is another one",
    )
    checkpoint: ModelPath | None = Field(default=None, description="the checkpoint that belongs to config")
    folder: ModelPath | None = Field(default=None, description="a folder with model_config.json and its checkpoint")
    engine: str | None = Field(
        default=None, description="an engine, built in or a plug-in; it may have keys of its own beside this one"
    )
    file: Annotated[RepositoryFile | None, _OURS] = Field(
        default=None, description="the checkpoint's name in the hub's repository, where that holds several"
    )
    revision: Annotated[Revision | None, _OURS] = Field(
        default=None, description="a branch, a tag or a commit of the hub's repository; without one, its main branch"
    )
    defaults: Annotated[ModelDefaults | None, _OURS] = Field(  # type: ignore[valid-type]  # made at run time, of the table
        default=None, description="what it is played with where no pad, bank or set says it"
    )
    pretransform: Annotated[ModelPath | None, _OURS] = Field(
        default=None, description="the checkpoint of its autoencoder, where that is not in the model's own"
    )
    short_latents: bool | None = Field(
        default=None, description="whether a short take renders less than the model's full length"
    )
    min_seconds: float | None = Field(
        default=None,
        ge=0,
        le=60,
        description="the shortest take that it renders well; what is to be shorter is rendered so long, and cut",
    )

    headroom: float | None = Field(
        default=None,
        ge=0,
        le=60,
        description="seconds that a model of any length renders beyond a take's end, to be cut; fewer are quicker",
    )

    conditioning: Annotated[str | None, _OURS, Written("names with numbers or text")] = Field(
        default=None,
        description="what it is told beside the prompt where no pad and no bank says it, such as {bpm: 120}",
    )

    loras: Annotated[str | None, _OURS, Written(PARAMETERS["loras"].written)] = Field(
        default=None, description="LoRAs that it is played with; banks and pads may name others, and other strengths"
    )

    @field_validator("conditioning", mode="before")
    @classmethod
    def _in_one_line(cls, value: Any, info: ValidationInfo) -> Any:
        return _unless_an_engines_own(value, as_conditioning, info)

    @field_validator("loras", mode="before")
    @classmethod
    def _loras_in_one_line(cls, value: Any, info: ValidationInfo) -> Any:
        return _unless_an_engines_own(value, as_loras, info)

    @model_validator(mode="after")
    def _one_source(self) -> ModelSource:
        places = ("hub", "folder", "engine") if self.hub is not None else ("config", "folder", "engine")
        given = [name for name in places if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("a model has exactly one of hub, config (with checkpoint), folder or engine")
        if self.hub is not None:
            self._of_the_hub()
        elif (self.config is None) != (self.checkpoint is None):
            raise ValueError("config and checkpoint go together")
        elif self.engine is None and (wrong := next((name for name in _OF_THE_HUB if getattr(self, name)), None)):
            raise WrongKeyError(wrong, "goes with hub; a model on this machine is named with config and checkpoint")
        if self.engine is None and self.model_extra:
            raise ValueError(
                f"unknown key {next(iter(self.model_extra))}; allowed: {', '.join(type(self).model_fields)}"
            )
        return self

    def _of_the_hub(self) -> None:
        if self.checkpoint is not None:
            raise WrongKeyError("checkpoint", "is a file of this machine; beside hub, name it with file")
        if self.config is not None and (problem := repository_file_problem(self.config)):
            raise WrongKeyError("config", problem)


class SpareSettings(Strict):
    """Takes rendered ahead while the engine is idle."""

    enabled: bool = Field(default=True, description="render the next take of each pad while nothing is pressed")
    on_battery: bool = Field(default=True, description="also on a laptop that runs on its battery")
    count: int = Field(default=16, ge=0, le=128, description="at most this many ready takes")
    megabytes: int = Field(
        default=768, ge=1, le=65536, description="at most this much memory for them and what is made of them ahead"
    )


class EngineSettings(Strict):
    """How engines run."""

    host: Literal["process", "thread"] = Field(
        default="process", description="where a model runs: a process of its own is replaced when it dies or hangs"
    )
    device: str = Field(default="auto", description="auto, cpu, cuda, cuda:1 …, or mps")
    max_in_flight: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="how many are rendered at once; without one, what suits the device; fewer where memory is short",
    )
    graphs: bool = Field(
        default=True,
        description="record what a CUDA card does, and launch it whole; where that fails, the engine goes on without",
    )
    kernels: bool = Field(
        default=True,
        description="make kernels for a CUDA card, by Triton or from CUDA source; where that fails, the engine plays "
        "without",
    )
    fp16_accumulation: bool = Field(
        default=False,
        description="add up products in fp16 too, on a CUDA card: up to twice as fast on a GeForce, less exact",
    )
    guidance_interval: tuple[float, float] = Field(
        default=(0.0, 1.0),
        description="the part of the steps that is guided, such as [0, 0.7]; the others take half the time on a large "
        "model, and the sound is another one",
    )
    step_caching: int = Field(
        default=1,
        ge=1,
        le=8,
        description="in the middle of a render, work out one step in so many; the sound is another one",
    )
    noise: Literal["device", "cpu"] = Field(
        default="device",
        description="what makes noise of a seed: the device, as stable-audio-tools has it, or the cpu, with which a "
        "seed is the same sound on each card",
    )
    spares: SpareSettings = Field(default=SpareSettings(), description="takes that are rendered ahead")
    stand_in: str = Field(
        default="sketch",
        min_length=1,
        description="the model that plays for one that has been away for 2 s, or for good; for one of a server, from "
        "its patience_ms on, and where that would miss a pad's boundary: sketch, another one, which "
        "is then loaded from the start, or none; before, this key was called fallback",
    )

    @field_validator("guidance_interval")
    @classmethod
    def _within(cls, interval: tuple[float, float]) -> tuple[float, float]:
        first, last = interval
        if not 0 <= first < last <= 1:
            raise ValueError(f"{first:g} to {last:g} is no part of the steps; from 0, the first, to 1, the last")
        return interval

    @model_validator(mode="before")
    @classmethod
    def _older_name(cls, value: Any) -> Any:
        if not isinstance(value, dict) or "fallback" not in value:
            return value
        others = {name: one for name, one in value.items() if name != "fallback"}
        return {"stand_in": value["fallback"], **others}

    @property
    def other_model(self) -> str | None:
        """The model that stands in; None for nobody."""
        return None if self.stand_in == "none" else self.stand_in
