"""Threads that a performer waits for run before others, where the system lets them.

On a machine that renders, a thread that wakes up waits for a core, often for longer than it works. Linux lets a user do
this who may use real-time scheduling, as for JACK; macOS and Windows let anybody.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

#: The lowest of real-time priorities, before all ordinary programs: for those that work for milliseconds at a time.
LOWEST = 1
#: The next one, still behind JACK and every audio thread. Among equals one would wait until the others are done.
PROMPT = 2
#: macOS: what a person has asked for, and what one waits for (``QOS_CLASS_…`` in ``sys/qos.h``).
_USER_INITIATED, _USER_INTERACTIVE = 0x19, 0x21
#: Windows: ``THREAD_PRIORITY_…`` of ``SetThreadPriority``.
_ABOVE_NORMAL, _HIGHEST = 1, 2


def run_before_others() -> None:
    """Have the calling thread run before ordinary ones; where that is not allowed, it stays one. Never raises.

    It is one that answers a performer or keeps a moment, and is done at once.
    """
    _ask_for(PROMPT, _USER_INTERACTIVE, _HIGHEST)


def work_before_others() -> None:
    """The same for a thread that works for a while, as for whole takes: those that `run_before_others` go first."""
    _ask_for(LOWEST, _USER_INITIATED, _ABOVE_NORMAL)


def _ask_for(priority: int, quality: int, windows_priority: int) -> None:
    # Nothing that a system may say to this is worth a show.
    with suppress(Exception):
        if sys.platform == "win32":
            kernel = ctypes.windll.kernel32
            kernel.GetCurrentThread.restype = ctypes.c_void_p
            kernel.SetThreadPriority.argtypes = [ctypes.c_void_p, ctypes.c_int]
            kernel.SetThreadPriority(kernel.GetCurrentThread(), windows_priority)
        elif sys.platform == "darwin":
            ctypes.CDLL(None).pthread_set_qos_class_self_np(ctypes.c_uint(quality), ctypes.c_int(0))
        else:
            # Not what it starts in its turn: an engine would leave nothing to others.
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
