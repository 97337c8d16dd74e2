"""Disks that say no or hang, and what a lander then tells."""

from __future__ import annotations

import time

from midifrag.errors import StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.holding import LONGEST_RETRY
from midifrag.fragment.slot_landings import SlotLandings
from midifrag.fragment.writer_events import Landed


def kinds(events):
    return [type(event).__name__ for event in events]


def full(*_, **__):
    raise StorageError("the disk is full")


def break_archive(monkeypatch):
    monkeypatch.setattr(Archive, "store_encoded", full)


def break_slots(monkeypatch):
    monkeypatch.setattr(SlotLandings, "land", full)


def until(rig, condition):
    """Let time go by until something has come about."""
    told = []
    for _ in range(600):
        told += rig.tick(LONGEST_RETRY)
        if condition(told):
            return told
        time.sleep(0.05)
    raise AssertionError(f"did not come about: {told}")


def landed(told):
    return [(event.job, event.slot) for event in told if isinstance(event, Landed)]
