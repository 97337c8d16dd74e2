"""The scaling curve as an SVG, drawn by hand: waiting times and idle cards over the number of replicas."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 300, 60, 20, 34, 46


@dataclass(frozen=True, slots=True)
class Curve:
    """Points over replicas; what is infinite is left out."""

    name: str
    colour: str
    points: Sequence[tuple[int, float]]

    @property
    def finite(self) -> list[tuple[int, float]]:
        """What can be drawn."""
        return [(at, value) for at, value in self.points if math.isfinite(value) and value > 0]


@dataclass(frozen=True, slots=True)
class Panel:
    """One diagram; both axes are logarithmic. ``bend`` is the number of replicas that is marked."""

    title: str
    curves: Sequence[Curve]
    bend: int | None = None


def picture(panels: Sequence[Panel]) -> str:
    """All panels, one below the other, as one SVG."""
    height = HEIGHT * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
    ]
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate(0 {HEIGHT * number})">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel) -> list[str]:
    points = [point for curve in panel.curves for point in curve.finite]
    if not points:
        return [_text(LEFT, 20, f"{panel.title}: overrun everywhere")]
    replicas = sorted({at for curve in panel.curves for at, _ in curve.points})
    x = _scale(replicas[0], replicas[-1], LEFT, WIDTH - RIGHT)
    decades = [10.0**power for power in range(*_powers(value for _, value in points))]
    y = _scale(decades[0], decades[-1], HEIGHT - BOTTOM, TOP)
    parts = [_text(LEFT, 20, panel.title)]
    for at in replicas:
        parts += [_line(x(at), TOP, x(at), HEIGHT - BOTTOM), _text(x(at), HEIGHT - BOTTOM + 16, str(at), "middle")]
    for value in decades:
        parts += [_line(LEFT, y(value), WIDTH - RIGHT, y(value)), _text(LEFT - 6, y(value) + 4, f"{value:g} s", "end")]
    parts.append(_text(WIDTH / 2, HEIGHT - 10, "replicas", "middle"))
    if panel.bend is not None:
        parts.append(_line(x(panel.bend), TOP, x(panel.bend), HEIGHT - BOTTOM, "#333", ' stroke-dasharray="4 3"'))
    for number, curve in enumerate(panel.curves):
        path = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in curve.finite)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{curve.colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x(at):.1f}" cy="{y(value):.1f}" r="3" fill="{curve.colour}"/>' for at, value in curve.finite
        ]
        parts.append(_text(WIDTH - RIGHT - 4, TOP + 14 + 15 * number, curve.name, "end", curve.colour))
    return parts


def _powers(values: Iterable[float]) -> tuple[int, int]:
    found = [math.log10(value) for value in values]
    low, high = math.floor(min(found)), math.ceil(max(found))
    return low, max(high, low + 1) + 1


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    span = math.log(high) - math.log(low) or 1.0
    return lambda value: start + (end - start) * (math.log(value) - math.log(low)) / span


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = "#ddd", more: str = "") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{more}/>'


def _text(x: float, y: float, text: str, anchor: str = "start", colour: str = "#222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'
