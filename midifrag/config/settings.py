"""The show: ``presets.yaml`` with its ports, models, set list, controls and actions, as frozen data.

`midifrag.config.loading` reads it from files, environment and flags; nothing here touches a file.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import Field, field_validator

from midifrag.config.ableton import AbletonSettings
from midifrag.config.actions import Action
from midifrag.config.catalogue import CATALOGUE, default_model, known, plugins
from midifrag.config.controls import MOST_CONTROLS, Control, morph_controls
from midifrag.config.engines import EngineSettings, ModelSource
from midifrag.config.gestures import GestureSettings
from midifrag.config.instruments import InstrumentSettings
from midifrag.config.midi_rules import FASTEST, SLOWEST, ProgramChangeSettings, TimeSettings
from midifrag.config.osc import OscSettings
from midifrag.config.pads import PadDefaults
from midifrag.config.performers import PerformerSettings
from midifrag.config.places import Address
from midifrag.config.playback import OFF, PlaybackSettings
from midifrag.config.ports import NotifySettings, PortSettings
from midifrag.config.servers import MOST_SERVERS, ServerSettings, server_of, server_source, wrong_name
from midifrag.config.serving import ServeSettings
from midifrag.config.sound_in import InputSettings
from midifrag.config.storage import ArchiveSettings, SessionLogSettings, SlotSettings
from midifrag.config.value_types import Key, Strict, WrongKeyError, none_is_empty

#: The most banks, and models of one's own.
MOST_BANKS = 999


#: The most performers.
MOST_PERFORMERS = 16


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
    servers: dict[str, ServerSettings] = Field(
        default_factory=dict,
        max_length=MOST_SERVERS,
        description="machines that render for this one, by names of your choice; model: NAME/MODEL plays there",
    )
    precision: Literal["auto", "fp16", "bf16", "fp32", "fp8"] = Field(
        default="auto",
        description="the numbers that models compute with; auto: half where the device gains from it; fp8: linear "
        "layers in it, on NVIDIA cards from the RTX 40 on, quicker and another sound",
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
    performers: dict[str, PerformerSettings] = Field(
        default_factory=dict,
        max_length=MOST_PERFORMERS,
        description="what performers have alone, by the names that ports give them; without it, they share all",
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
    gestures: GestureSettings = Field(
        default=GestureSettings(), description="how long a double press and a long press are"
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
    input: InputSettings = Field(
        default=InputSettings(device="off"),
        description="an audio input whose last seconds pads may begin from; off where the key is not there",
    )
    instruments: InstrumentSettings = Field(
        default=InstrumentSettings(), description="samplers that read files, and get theirs at each landing"
    )
    ableton: AbletonSettings = Field(
        default=AbletonSettings(enabled=False),
        description="Ableton Live through a script there; off where the key is not there",
    )
    osc: OscSettings = Field(default=OscSettings(), description="messages of other programs, and to them, over OSC")
    queue: QueueSettings = Field(default=QueueSettings(), description="the presses that wait")
    engine: EngineSettings = Field(default=EngineSettings(), description="how models run")
    page: PageSettings = Field(default=PageSettings(), description="the web page")
    serve: ServeSettings = Field(
        default=ServeSettings(), description="how midifrag serve renders this set's models for shows on other machines"
    )

    _lists = field_validator("controls", "actions", mode="before")(none_is_empty)

    @cached_property
    def all_controls(self) -> tuple[Control, ...]:
        """Its controls, and the one that the ``morph`` of all pads implies."""
        return self.controls + morph_controls([self.defaults.morph])

    @field_validator("servers")
    @classmethod
    def _names_of_servers(cls, servers: dict[str, ServerSettings]) -> dict[str, ServerSettings]:
        for name in servers:
            if problem := wrong_name(name):
                raise WrongKeyError(name, problem)
        return servers

    @property
    def known_models(self) -> list[str]:
        """Every name that ``model`` may have on this machine; a server's models are known to the server alone."""
        return sorted({*self.models, *(model.name for model in CATALOGUE), *plugins(), *self.servers})

    def knows(self, model: str) -> bool:
        """Whether there can be a model of that name."""
        return self.is_elsewhere(model) or model in self.known_models

    def is_elsewhere(self, model: str) -> bool:
        """Whether a server renders ``model``; an entry under ``models`` is nearer."""
        return model not in self.models and server_of(model, self.servers) is not None

    def loras(self, model: str) -> str | None:
        """The LoRAs that a model's entry names."""
        entry = self.models.get(model)
        return None if entry is None or entry.engine is not None else entry.loras

    def source(self, model: str) -> dict[str, Any]:
        """Where ``model`` comes from: its entry under ``models``, or what is known by that name."""
        entry = self.models.get(model)
        if entry is not None:
            # An engine's own keys may be of other types than those of the same name here.
            return entry.model_dump(exclude_none=True, warnings=False)
        if self.is_elsewhere(model):
            return server_source(model, self.servers)
        built_in = known(model)
        return dict(built_in.source) if built_in is not None else {}
