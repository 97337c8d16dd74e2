"""One show's settings out of its file, the environment and flags.

Flags win over ``MIDIFRAG_…`` variables (nested with ``__``), these win over ``presets.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any, cast

from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from midifrag.config.parameter_values import LENGTHS
from midifrag.config.problems import ENVIRONMENT_PREFIX, Sources
from midifrag.config.settings import Settings
from midifrag.config.yaml_files import plain

#: What is being read: pydantic-settings asks a class for its sources.
_merging: ContextVar[Sources] = ContextVar("_merging")


def merged(sources: Sources) -> Settings:
    """The settings that ``sources`` say.

    Raises pydantic-settings' `SettingsError` for a variable that is no JSON, pydantic's `ValidationError` for the rest.
    """
    before = _merging.set(sources)
    try:
        return _layers()(**sources.flags)
    finally:
        _merging.reset(before)


class _FileSource(PydanticBaseSettingsSource):
    """A file's document as one of the places where pydantic-settings looks."""

    def __init__(self, settings_cls: type[BaseSettings], document: Any, environment: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._values = dict(plain(document))
        defaults, names = self._values.get("defaults"), {name.upper() for name in environment}
        if isinstance(defaults, dict) and any(
            f"{ENVIRONMENT_PREFIX}DEFAULTS__{one.upper()}" in names for one in LENGTHS
        ):
            # What a variable says of the length is over whatever the file says of it.
            self._values["defaults"] = {name: value for name, value in defaults.items() if name not in LENGTHS}

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 (their signature)
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._values


@cache
def _layers() -> type[Settings]:
    """Settings that are made of what `_merging` holds. To make this class takes as long as all else of a load."""

    class Layers(BaseSettings, Settings):
        model_config = SettingsConfigDict(
            env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
        )

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del dotenv_settings, file_secret_settings
            sources = _merging.get()
            # A field of the class that pydantic-settings makes here, not of the one that it declares.
            variables = {name.lower(): value for name, value in sources.environment.items()}
            cast("EnvSettingsSource", env_settings).env_vars = variables
            return init_settings, env_settings, _FileSource(settings_cls, sources.data, sources.environment)

    return Layers
