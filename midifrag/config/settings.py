"""The show: ``presets.yaml`` with its ports, models, set list, controls and actions, as frozen data.

`midifrag.config.loading` reads it from files, environment and flags; nothing here touches a file.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from midifrag.config.actions import Action
from midifrag.config.banks import Channel, Control, Parameters, Strict
from midifrag.config.catalogue import CATALOGUE, default_model, known, plugins
from midifrag.config.folders import FRAGMENTS
from midifrag.errors import SurfaceError
from midifrag.fragment.options import ArchiveOptions, FragmentOptions
from midifrag.surface import factory_for


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no valid pattern: {error}") from None
    return value


def _slot_pattern(value: str) -> str:
    try:
        names = {value.format(number) for number in (1, 2)}
    except (ValueError, IndexError, KeyError, AttributeError) as error:
        raise ValueError(f"{value!r} is no name pattern such as output{{:02d}}.wav ({error})") from None
    if len(names) < 2 or not value.lower().endswith(".wav") or "/" in value or "\\" in value:
        raise ValueError(f"{value!r} must hold a number and end in .wav, such as output{{:02d}}.wav")
    return value


class VirtualPort(Strict):
    """A port that midifrag makes itself, under this name (macOS and Linux)."""

    virtual: str = Field(min_length=1)


def _port_name(value: Any) -> Any:
    if isinstance(value, str):
        return _pattern(value)
    if (
        isinstance(value, dict)
        and list(value) == ["virtual"]
        and isinstance(value["virtual"], str)
        and value["virtual"]
    ):
        return VirtualPort(virtual=value["virtual"])
    if isinstance(value, VirtualPort):
        return value
    raise ValueError(f"{value!r} is neither a pattern in quotes nor {{virtual: name}}")


PortName: TypeAlias = Annotated[VirtualPort | str, BeforeValidator(_port_name)]


def _known_surface(value: str) -> str:
    try:
        factory_for(value)
    except SurfaceError as error:
        raise ValueError(str(error)) from error
    return value


class PortSettings(Strict):
    """One device: where its messages come from, where feedback goes and what it understands."""

    input: PortName | None = Field(default=None, alias="in")
    output: PortName | None = Field(default=None, alias="out")
    surface: Annotated[str, AfterValidator(_known_surface)] = "echo"
    #: Channels (1–16) that count; None for all.
    channel: Channel | None = None
    #: Whether messages that repeat our own feedback within 50 ms are taken for an echo and left out.
    ignore_echo: bool = True


class SlotSettings(FragmentOptions):
    """Where fragments go, how many slots there are, and how a take becomes a fragment."""

    folder: str = FRAGMENTS
    count: int = Field(default=8, ge=1, le=99)
    name: Annotated[str, AfterValidator(_slot_pattern)] = "output{:02d}.wav"

    def options(self, own: FragmentOptions | None = None) -> FragmentOptions:
        """How a take becomes a fragment: the show's options, and over them those that a pad names as its ``own``."""
        shared = {name: getattr(self, name) for name in FragmentOptions.model_fields}
        return FragmentOptions.model_validate(shared | (own.model_dump(exclude_unset=True) if own else {}))


class ArchiveSettings(ArchiveOptions):
    """Where raw takes go; None for ``archive`` inside the fragments folder."""

    folder: str | None = None


class NotifySettings(Strict):
    """A note (on, then off) with the slot's number when it lands, so that a DAW can react."""

    port: str
    channel: Channel = 16
    #: The note of slot 1; slot 2 is one above, and so on.
    first_note: Annotated[int, Field(ge=0, le=127)] = 1


class ModelSource(BaseModel):
    """Where a model's files are: exactly one of ``hub``, ``config`` (with ``checkpoint``), ``folder`` or ``engine``."""

    model_config = ConfigDict(frozen=True, extra="allow")

    hub: str | None = None
    config: str | None = None
    checkpoint: str | None = None
    folder: str | None = None
    engine: str | None = None
    short_latents: bool | None = None

    @model_validator(mode="after")
    def _one_source(self) -> ModelSource:
        given = [name for name in ("hub", "config", "folder", "engine") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("a model has exactly one of hub, config (with checkpoint), folder or engine")
        if (self.config is None) != (self.checkpoint is None):
            raise ValueError("config and checkpoint go together")
        if self.engine is None and self.model_extra:
            raise ValueError(
                f"unknown key {next(iter(self.model_extra))}; allowed: {', '.join(type(self).model_fields)}"
            )
        return self


class SpareSettings(Strict):
    """Takes rendered ahead while the engine is idle."""

    enabled: bool = True
    #: At most this many ready takes, and this much memory for them and what is made of them ahead.
    count: int = Field(default=16, ge=0, le=128)
    megabytes: int = Field(default=768, ge=1, le=65536)


class EngineSettings(Strict):
    """How engines run."""

    host: Literal["process", "thread"] = "process"
    device: str = "auto"
    max_in_flight: int | None = Field(default=None, ge=1, le=256)
    spares: SpareSettings = SpareSettings()
    #: Engine that takes over when the configured one cannot be loaded or does not come back; "none" for none.
    fallback: Literal["sketch", "none"] = "sketch"


class QueueSettings(Strict):
    """How many presses may wait; the next one is refused and says so on its pad."""

    size: int = Field(default=64, ge=1, le=10000)


class PageSettings(Strict):
    """The web page; loopback unless told otherwise."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = Field(default=8765, ge=0, le=65535)


class Show(Strict):
    """All of ``presets.yaml``. Everything has a default."""

    model: str = Field(default_factory=default_model)
    models: dict[str, ModelSource] = Field(default_factory=dict)
    precision: Literal["auto", "fp16", "bf16", "fp32"] = "auto"
    fragments: SlotSettings = SlotSettings()
    archive: ArchiveSettings = ArchiveSettings()
    ports: dict[str, PortSettings] = Field(
        default_factory=lambda: {
            "midifrag": PortSettings.model_validate({"in": {"virtual": "midifrag"}, "out": {"virtual": "midifrag"}})
        }
    )
    #: mido backend, such as ``mido.backends.rtmidi/UNIX_JACK``; None tries what the system has.
    backend: str | None = None
    set_list: tuple[str, ...] = Field(default=("opening",), min_length=1)
    #: What ``{bpm}`` in a prompt becomes until a MIDI clock has run.
    tempo: float = Field(default=120, ge=20, le=400)
    defaults: Parameters = Parameters()
    controls: tuple[Control, ...] = ()
    actions: tuple[Action, ...] = ()
    notify: NotifySettings | None = None
    queue: QueueSettings = QueueSettings()
    engine: EngineSettings = EngineSettings()
    page: PageSettings = PageSettings()

    @property
    def known_models(self) -> list[str]:
        """Every name that ``model`` may have."""
        return sorted({*self.models, *(model.name for model in CATALOGUE), *plugins()})

    def source(self, model: str) -> dict[str, Any]:
        """Where ``model`` comes from: its entry under ``models``, or what is known by that name."""
        entry = self.models.get(model)
        if entry is not None:
            return entry.model_dump(exclude_none=True)
        built_in = known(model)
        return dict(built_in.source) if built_in is not None else {}
