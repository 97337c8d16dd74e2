"""Threads that a performer waits for run before others, where the system lets them.

On a machine that renders, a thread that wakes up waits for a core, often for longer than it works. Linux lets a user do
this who may use real-time scheduling, as for JACK; macOS and Windows let anybody.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

#: The lowest of real-time priorities: before all ordinary programs, behind JACK and every audio thread.
LOWEST = 1
#: macOS: what a person waits for (``QOS_CLASS_USER_INTERACTIVE`` in ``sys/qos.h``).
_USER_INTERACTIVE = 0x21
#: Windows: ``THREAD_PRIORITY_HIGHEST`` of ``SetThreadPriority``.
_HIGHEST = 2


def run_before_others() -> None:
    """Have the calling thread run before ordinary ones; where that is not allowed, it stays one. Never raises."""
    # Nothing that a system may say to this is worth a show.
    with suppress(Exception):
        if sys.platform == "win32":
            kernel = ctypes.windll.kernel32
            kernel.GetCurrentThread.restype = ctypes.c_void_p
            kernel.SetThreadPriority.argtypes = [ctypes.c_void_p, ctypes.c_int]
            kernel.SetThreadPriority(kernel.GetCurrentThread(), _HIGHEST)
        elif sys.platform == "darwin":
            ctypes.CDLL(None).pthread_set_qos_class_self_np(ctypes.c_uint(_USER_INTERACTIVE), ctypes.c_int(0))
        else:
            # Not what it starts in its turn: an engine would leave nothing to others.
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(LOWEST))
