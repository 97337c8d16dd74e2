"""Jobs for the tests of this room."""

from __future__ import annotations

from midifrag.bridge.jobs import Job, Origin, PressedPad, RenderJob, request
from midifrag.config.parameters import Preset
from midifrag.events import JobTimes
from midifrag.fragment.options import FragmentOptions
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, JobState

KEY = PadKey(36, 10)


PAD = PressedPad(KEY, 36, 10, "pads", "red", on_lost="fail")


PRESSED = Origin(JobKind.PAD, "opening", "Rain", PAD)


TYPED = Origin(JobKind.PROMPT, "opening", "fog horn")


TIMES = JobTimes(1.0, queued=2.0)


PRESET = Preset(
    prompt="rain",
    negative_prompt="thunder",
    steps=9,
    cfg_scale=3.0,
    seconds=2.0,
    seed=4,
    sampler="euler",
    sigma_min=0.1,
    sigma_max=50.0,
)


def render_job(number=1, origin=PRESSED, state=JobState.QUEUED, **keys):
    return RenderJob(
        number=number,
        origin=origin,
        prompt="rain",
        times=TIMES,
        state=state,
        model="pocket",
        preset=PRESET,
        render=request(PRESET, number, 4),
        options=FragmentOptions(),
        **keys,
    )


def take_job(number=1, **keys):
    return Job(number=number, origin=Origin(JobKind.TAKE, "opening", "take 7"), prompt="take 7", times=TIMES, **keys)
