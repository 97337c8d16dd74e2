"""What fails in the page's process is told in lines."""

import logging
import sys
import threading

import pytest

from midifrag.page.web import trouble
from midifrag.page.web.trouble import EVERY, LONGEST, MOST_LINES, Trouble, take_over


class Told:
    """Lines that were told, and a clock that a test moves."""

    def __init__(self):
        self.lines = []
        self.now = 0.0
        self.handler = Trouble(self.lines.append, lambda: self.now)
        self.logger = logging.Logger("test")
        self.logger.addHandler(self.handler)

    def fail(self, error, words="unexpected"):
        try:
            raise error  # noqa: TRY301 — it needs a traceback
        except Exception:
            self.logger.exception(words)


@pytest.fixture
def told():
    return Told()


def test_an_error_is_one_line_with_no_traceback(told):
    told.fail(ValueError("no\nsuch  thing"), "a screen could\nnot be drawn")
    assert told.lines == ["the page had trouble with a browser: a screen could not be drawn ValueError: no such thing"]


def test_an_error_that_is_logged_as_its_own_message_is_said_once(told):
    error = KeyError("client_id")
    told.fail(error, error)
    told.logger.error(OSError("no disk"))
    assert [line.partition(": ")[2] for line in told.lines] == ["KeyError: 'client_id'", "OSError: no disk"]


def test_what_is_no_trouble_is_not_told(told):
    told.logger.info("a browser came")
    assert told.lines == []


def test_a_line_is_not_endless(told):
    told.logger.error("x" * 10_000)
    assert len(told.lines[0]) < LONGEST + 50


def test_a_storm_is_a_few_lines_and_is_told_again_later(told):
    for number in range(20):
        told.fail(ValueError("same"))
        told.fail(ValueError(f"other {number}"))
    assert len(told.lines) == MOST_LINES
    told.now = EVERY
    told.fail(ValueError("same"))
    assert len(told.lines) == MOST_LINES + 1


@pytest.fixture
def hooks(monkeypatch):
    """Whatever the process would print with, put back afterwards."""
    logger = logging.getLogger("midifrag.test.noisy")
    handler = logging.StreamHandler()
    logger.addHandler(handler)
    logger.propagate = False
    before = {one: (one.handlers[:], one.propagate) for one in _loggers()}
    root = logging.root.handlers[:]
    for where, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(where, name, getattr(where, name))
    yield logger
    logging.root.handlers[:] = root
    for one, (handlers, propagate) in before.items():
        one.handlers[:], one.propagate = handlers, propagate
    logger.handlers.clear()


def _loggers():
    return [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_whatever_a_process_would_print_is_told(hooks, capfd):
    lines = []
    take_over(Trouble(lines.append))
    hooks.error("from a library")
    sys.excepthook(ValueError, ValueError("at the end"), None)
    sys.excepthook(SystemError, None, None)

    def fails():
        raise OSError("in a thread")

    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    assert [line.removeprefix("the page had trouble with a browser: ") for line in lines] == [
        "from a library",
        "unexpected ValueError: at the end",
        "unexpected SystemError:",
        "unexpected OSError: in a thread",
    ]
    assert capfd.readouterr().err == ""
    assert trouble._log.propagate
