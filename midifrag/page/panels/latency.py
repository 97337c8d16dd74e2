"""How long presses take to land: of all of them a chart, and of each pad how long it took."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from midifrag.bridge.view import View
from midifrag.page import texts

#: Pads that are listed, those that take longest.
PADS = 6


class Latencies:
    """A chart with its percentiles, and a line a pad."""

    def __init__(self) -> None:
        self._charted: list[float] = []
        self._chart = ui.echart(_chart([])).classes("chart")
        self._percentiles = ui.label().classes("quiet")
        self._pads = ui.label().classes("latency-pads")

    def show(self, view: View) -> None:
        """Show what has landed so far."""
        latencies = [round(s, 3) for job in view.finished if (s := job.times.until_landed) is not None]
        if latencies == self._charted:
            return
        self._charted = latencies
        p50, p95 = view.percentile(0.5), view.percentile(0.95)
        marks = [value for value in (p50, p95) if value is not None]
        self._chart.options.clear()
        self._chart.options.update(_chart(latencies, marks))
        if p50 is not None and p95 is not None:
            self._percentiles.text = texts.PERCENTILES.format(p50=p50, p95=p95, count=len(view.latencies))
        self._pads.text = "\n".join(lines_of(view))


def lines_of(view: View) -> list[str]:
    """A line for each pad that has landed lately, the slowest first: half of its presses took no longer."""
    took: dict[tuple[str, str], list[float]] = {}
    names: dict[tuple[str, str], str] = {}
    for job in view.finished:
        seconds = job.times.until_landed
        if job.pad is not None and seconds is not None:
            place = (job.bank, str(job.pad))
            took.setdefault(place, []).append(seconds)
            names[place] = job.label or job.prompt
    middles = {place: sorted(seconds)[len(seconds) // 2] for place, seconds in took.items()}
    slowest = sorted(middles, key=lambda place: -middles[place])[:PADS]
    return [
        texts.PAD_LATENCY.format(pad=names[place], seconds=middles[place], count=len(took[place])) for place in slowest
    ]


def _chart(latencies: list[float], marks: list[float] | None = None) -> dict[str, Any]:
    """A bar for each landing, with lines at p50 and p95, and axes that say what they are."""
    words = {"color": "#a3acbf"}
    name = {"nameTextStyle": words, "axisLabel": words, "nameLocation": "end"}
    return {
        "animation": False,
        "grid": {"left": 44, "right": 64, "top": 28, "bottom": 24},
        "xAxis": {"type": "category", "name": texts.LANDINGS_AXIS, "data": list(range(1, len(latencies) + 1)), **name},
        "yAxis": {
            "type": "value",
            "name": texts.SECONDS_AXIS,
            "splitLine": {"lineStyle": {"color": "#2a2f3a"}},
            **name,
        },
        "series": [
            {
                "type": "bar",
                "data": latencies,
                "itemStyle": {"color": "#4f8cff"},
                "markLine": {
                    "symbol": "none",
                    "label": {"show": False},
                    "lineStyle": {"color": "#ffd24d"},
                    "data": [{"yAxis": mark} for mark in marks or []],
                },
            }
        ],
    }
