"""Ctrl-C ends no child, however early it comes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys

import pytest

from midifrag import children
from tests.support import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals can be sent to one process there")


def answer(pipe):
    """In the child: what has become of interrupts there, before and after they are ignored."""
    before = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    children.ignore_interrupts()
    os.kill(os.getpid(), signal.SIGINT)
    after = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    pipe.send((before, after, signal.getsignal(signal.SIGINT) is signal.SIG_IGN))


def test_an_interrupt_before_its_first_instruction_does_not_end_a_child(capfd):
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=answer, args=(theirs,), daemon=True)
    children.start(process)
    # The interpreter is not even there yet.
    os.kill(process.pid, signal.SIGINT)
    assert ours.poll(PATIENCE)
    assert ours.recv() == (True, False, True)
    process.join(PATIENCE)
    assert process.exitcode == 0
    assert capfd.readouterr().err == ""


def test_the_parent_still_hears_its_own():
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=print, daemon=True)
    # Whoever started the tests may have told them to ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        children.start(process)
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    process.join(PATIENCE)
