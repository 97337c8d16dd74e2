from __future__ import annotations

import threading

import pytest

from midifrag.engine.hosting.command_queue import CommandQueue
from midifrag.engine.messages import Cancel, Promote


def test_commands_come_in_order_and_once():
    commands = CommandQueue()
    commands.put(Cancel(1))
    commands.put(Promote(2))
    assert commands.take(wait=True) == [Cancel(1), Promote(2)]
    assert commands.take(wait=False) == []


def test_each_command_is_seen_as_it_is_taken():
    seen = []
    commands = CommandQueue(seen.append)
    commands.put(Cancel(1))
    assert seen == []
    commands.take(wait=False)
    assert seen == [Cancel(1)]


def reading(commands, **options):
    """A thread that waits for commands, and what it took."""
    taken = []
    thread = threading.Thread(target=lambda: taken.append(commands.take(wait=True, **options)), daemon=True)
    thread.start()
    return thread, taken


@pytest.mark.parametrize("end", ["put", "close"])
def test_a_reader_sleeps_until_something_comes_or_the_queue_is_closed(end):
    commands = CommandQueue()
    thread, taken = reading(commands)
    commands.put(Cancel(1)) if end == "put" else commands.close()
    thread.join()
    assert taken == ([[Cancel(1)]] if end == "put" else [[]])
    assert commands.closed == (end == "close")


def test_an_interrupted_reader_leaves_what_is_there_to_the_next():
    commands, is_over = CommandQueue(), threading.Event()
    thread, taken = reading(commands, interrupted=is_over.is_set)
    is_over.set()
    commands.wake()
    thread.join()
    assert taken == [[]]
    commands.put(Cancel(1))
    assert commands.take(wait=True, interrupted=is_over.is_set) == []
    assert commands.take(wait=True) == [Cancel(1)]
