"""How a server stands, in the text that Prometheus reads (its exposition format, version 0.0.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from midifrag.engine.line.messages import ModelStatus

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Name, kind, what it is, and how it is had of a model's status; None where nothing is known yet.
_METRICS: tuple[tuple[str, str, str, Callable[[ModelStatus], float | None]], ...] = (
    ("replicas", "gauge", "engines that have the model", lambda one: one.replicas),
    ("ready", "gauge", "1 where one of them is ready", lambda one: float(one.state == "ready")),
    ("queued", "gauge", "jobs that wait for an engine", lambda one: one.queued),
    ("uploading", "gauge", "jobs that wait for uploads", lambda one: one.uploading),
    ("rendering", "gauge", "jobs in flight on a device", lambda one: one.rendering),
    ("rendered_total", "counter", "takes since the start", lambda one: one.rendered),
    ("failed_total", "counter", "jobs that failed since the start", lambda one: one.failed),
    ("step_seconds", "gauge", "a step, the median of the last takes", lambda one: _seconds(one.step_ms)),
    ("audio_seconds", "gauge", "from a request to its audio, likewise", lambda one: _seconds(one.audio_ms)),
)


def exposition(models: Iterable[ModelStatus], connections: int) -> str:
    """All of it, a line each; ``connections`` are those of the way in that is asked."""
    models = tuple(models)
    lines = [
        "# HELP midifrag_connections clients at this way in",
        "# TYPE midifrag_connections gauge",
        f"midifrag_connections {connections}",
    ]
    for name, kind, what, value_of in _METRICS:
        values = [(one.model, value) for one in models if (value := value_of(one)) is not None]
        lines += [f"# HELP midifrag_{name} {what}", f"# TYPE midifrag_{name} {kind}"] if values else []
        lines += [f'midifrag_{name}{{model="{_escaped(model)}"}} {value:g}' for model, value in values]
    return "\n".join(lines) + "\n"


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
