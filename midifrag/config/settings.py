"""The show: ``presets.yaml`` with its ports, models, set list, controls and actions, as frozen data.

`midifrag.config.loading` reads it from files, environment and flags; nothing here touches a file.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from midifrag.config.actions import Action
from midifrag.config.banks import (
    MOST_CONTROLS,
    Channel,
    Control,
    Key,
    Lead,
    NotBlank,
    PadDefaults,
    Strict,
    Written,
    WrongKeyError,
)
from midifrag.config.catalogue import CATALOGUE, default_model, known, plugins
from midifrag.config.folders import FRAGMENTS
from midifrag.config.midi_rules import FASTEST, SLOWEST, ProgramChangeSettings, TimeSettings
from midifrag.config.places import Address, Folder
from midifrag.config.playback import OFF, PlaybackSettings
from midifrag.config.slot_names import slot_pattern, slots_alike
from midifrag.errors import SurfaceError
from midifrag.fragment.file_names import MOST_SLOTS
from midifrag.fragment.options import ArchiveOptions, FragmentOptions
from midifrag.surface import SURFACES, factory_for
from midifrag.surface.families import families

#: The most banks, and models of one's own.
MOST_BANKS = 999


def _pattern(value: str) -> str:
    """A name as it is, with whatever brackets (Windows cuts long names off), or an expression; but no sign alone."""
    if re.search(r"\w", value) is None:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"{value!r} is no valid pattern: {error}") from None
    return value


class VirtualPort(Strict):
    """A port that midifrag makes itself, under this name (macOS and Linux)."""

    virtual: NotBlank = Field(min_length=1, description="the port's name as other programs see it")


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


PortName: TypeAlias = Annotated[
    VirtualPort | str, BeforeValidator(_port_name), Written("pattern in quotes, or {virtual: name}")
]


def _known_surface(value: str) -> str:
    try:
        factory_for(value)
    except SurfaceError as error:
        raise ValueError(str(error)) from error
    return value


SurfaceName: TypeAlias = Annotated[
    str, AfterValidator(_known_surface), Written(f"one of {', '.join(SURFACES)}, or a plug-in's")
]


class PortSettings(Strict):
    """One device: where its messages come from, where feedback goes and what it understands."""

    input: PortName | None = Field(
        default=None,
        alias="in",
        description="where messages come from: the port's name, a part of it, or a regular expression; a controller "
        "that its surface knows is found without",
    )
    output: PortName | None = Field(default=None, alias="out", description="where feedback goes")
    surface: Annotated[
        str, AfterValidator(_known_surface), Written(f"one of {', '.join(SURFACES)}, or a plug-in's")
    ] = Field(default="echo", description="what kind of controller feedback is for")
    channel: Channel | None = Field(default=None, description="the only channel that counts")
    ignore_echo: bool = Field(
        default=True,
        description="leave out our own feedback where it comes back as input, as MIDI thru or a monitoring track does",
    )

    @property
    def is_found_by_family(self) -> bool:
        """Whether both directions are those of a controller that the surface knows by name."""
        return self.input is None and self.output is None and bool(families(self.surface))


class SlotSettings(FragmentOptions):
    """Where fragments go, how many slots there are, and how a take becomes a fragment."""

    folder: Folder = Field(default=FRAGMENTS, description="folder of the slot files, from the current folder on")
    count: int = Field(default=8, ge=1, le=MOST_SLOTS, description="how many slots there are")
    name: Annotated[str, AfterValidator(slot_pattern)] = Field(
        default="output{:02d}.wav", description="the slots' names; the braces become the number"
    )
    lead_ms: Lead = Field(
        default=0.0,
        description="how long before its boundary a fragment lies in its slot, for DAWs that need to load it",
    )
    protect_playing: bool = Field(
        default=True, description="whether a slot that sounds is left out of the turn, as a locked one is"
    )

    @model_validator(mode="after")
    def _names_differ(self) -> SlotSettings:
        alike = slots_alike(self.name, self.count)
        if alike is not None:
            one, other = alike
            raise WrongKeyError(
                "name", f"slots {one} and {other} would both be {self.name.format(other)}; each has a name of its own"
            )
        return self

    def options(self, own: FragmentOptions | None = None) -> FragmentOptions:
        """How a take becomes a fragment: the show's options, and over them those that a pad names as its ``own``."""
        shared = {name: getattr(self, name) for name in FragmentOptions.model_fields}
        return FragmentOptions.model_validate(shared | (own.model_dump(exclude_unset=True) if own else {}))


class ArchiveSettings(ArchiveOptions):
    """Where raw takes go; None for ``archive`` inside the fragments folder."""

    folder: Folder | None = Field(
        default=None, description="folder of the raw takes; without one, archive inside the fragments' folder"
    )


class SessionLogSettings(Strict):
    """What happened in each show, in ``sessions`` inside the archive; older shows are compressed."""

    megabytes: int = Field(
        default=500, ge=10, le=100_000, description="at most this much disk for all of them; the oldest go first"
    )


class NotifySettings(Strict):
    """A note (on, then off) with the slot's number when it lands, so that a DAW can react."""

    port: str = Field(description="the port that the note goes out of")
    channel: Channel = Field(default=16, description="the note's channel")
    first_note: int = Field(default=1, ge=0, le=127, description="the note of slot 1; slot 2 is one above, and so on")


class ModelSource(BaseModel):
    """Where a model's files are: exactly one of ``hub``, ``config`` (with ``checkpoint``), ``folder`` or ``engine``."""

    model_config = ConfigDict(frozen=True, extra="allow")

    hub: str | None = Field(default=None, description="a model of the hub, owner/name")
    config: Folder | None = Field(default=None, description="its model_config.json, from the folder of presets.yaml on")
    checkpoint: Folder | None = Field(default=None, description="the checkpoint that belongs to config")
    folder: Folder | None = Field(default=None, description="a folder with model_config.json and its checkpoint")
    engine: str | None = Field(
        default=None, description="an engine, built in or a plug-in; it may have keys of its own beside this one"
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

    enabled: bool = Field(default=True, description="render the next take of each pad while nothing is pressed")
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
        description="how many are rendered at once; without one, what suits the device",
    )
    spares: SpareSettings = Field(default=SpareSettings(), description="takes that are rendered ahead")
    stand_in: str = Field(
        default="sketch",
        min_length=1,
        description="the model that plays for one that has been away for 2 s, or for good: sketch, another one, which "
        "is then loaded from the start, or none; before, this key was called fallback",
    )

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


class QueueSettings(Strict):
    """How many presses may wait; the next one is refused and says so on its pad."""

    size: int = Field(default=64, ge=1, le=10000, description="how many presses may wait")


class PageSettings(Strict):
    """The web page; loopback unless told otherwise."""

    enabled: bool = Field(default=True, description="whether there is a page")
    host: Address = Field(
        default="127.0.0.1", description="its address; others than this machine's own need the token that is printed"
    )
    port: int = Field(default=8765, ge=0, le=65535, description="its port; 0 for any that is free")


class Settings(Strict):
    """All of ``presets.yaml``. Everything has a default."""

    model: str = Field(
        default_factory=default_model,
        description="what renders where nothing else is said: a name under models, or one that `midifrag models` lists",
    )
    models: dict[str, ModelSource] = Field(
        default_factory=dict, max_length=MOST_BANKS, description="models of your own, by name"
    )
    precision: Literal["auto", "fp16", "bf16", "fp32"] = Field(
        default="auto", description="the numbers that models compute with; auto: half where the device gains from it"
    )
    fragments: SlotSettings = Field(default=SlotSettings(), description="the slots, and how a take becomes a fragment")
    archive: ArchiveSettings = Field(default=ArchiveSettings(), description="the raw takes")
    session_log: SessionLogSettings = Field(
        default=SessionLogSettings(), description="what happened in each show, to be looked at and played again"
    )
    ports: dict[str, PortSettings] = Field(
        default_factory=lambda: {
            "midifrag": PortSettings.model_validate({"in": {"virtual": "midifrag"}, "out": {"virtual": "midifrag"}})
        },
        description="controllers and DAWs, by names of your choice",
    )
    backend: str | None = Field(
        default=None,
        description="a mido backend, such as mido.backends.rtmidi/UNIX_JACK; without one, what the system has",
    )
    client: str = Field(
        default="midifrag",
        pattern=r"^[^:]{1,24}$",
        description="what this set is called where a MIDI system shows programs; one of its own for each that runs at "
        "the same time keeps saved connections apart",
    )
    set_list: tuple[str, ...] = Field(
        default=("opening",),
        min_length=1,
        max_length=MOST_BANKS,
        description="the banks in their order: files in presets/, without .yaml",
    )
    tempo: float = Field(
        default=120,
        ge=SLOWEST,
        le=FASTEST,
        description="the tempo of midifrag's own clock in beats a minute, and what "
        "`{bpm}` in a prompt becomes until another clock has run",
    )
    key: Key | None = Field(
        default=None, description="what `{key}` in a prompt becomes where its bank names none, such as A minor"
    )
    time: TimeSettings = Field(default=TimeSettings(), description="whose clock counts")
    defaults: PadDefaults = Field(
        default=PadDefaults(), description="what pads say that do not name it, and whose bank does not either"
    )
    controls: tuple[Control, ...] = Field(
        default=(), max_length=MOST_CONTROLS, description="controls that count in every bank"
    )
    actions: tuple[Action, ...] = Field(
        default=(),
        max_length=MOST_CONTROLS,
        description="notes, CCs and program changes that do something else than trigger",
    )
    program_changes: ProgramChangeSettings = Field(
        default=ProgramChangeSettings(), description="which program changes select banks"
    )
    panic_on: tuple[Literal["cc120", "cc123"], ...] = Field(
        default=(),
        description="all sound off (cc120) and all notes off (cc123) that cancel everything; without it, neither does",
    )
    notify: NotifySettings | None = Field(
        default=None, description="a short note with the slot's number when a fragment has landed"
    )
    playback: PlaybackSettings = Field(
        default=PlaybackSettings(device=OFF), description="sound from this machine; off where the key is not there"
    )
    queue: QueueSettings = Field(default=QueueSettings(), description="the presses that wait")
    engine: EngineSettings = Field(default=EngineSettings(), description="how models run")
    page: PageSettings = Field(default=PageSettings(), description="the web page")

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
