"""Tests that every engine must pass, for those who write one.

Subclass in a test file; pytest finds the inherited tests::

    from midifrag.engine.conformance import EngineConformance, WorkerConformance
    from midifrag.engine.hosting.process import ProcessHost
    from midifrag.engine.protocol import EngineChoice
    from midifrag.engine.registry import create_engine

    class TestMyWorker(WorkerConformance):
        def make_worker(self):
            return my_package.factory(EngineChoice("mine"))

    class TestMyWorkerInAProcess(EngineConformance):
        def make_engine(self):
            return ProcessHost(my_package.factory, EngineChoice("mine"))

A whole engine, which is registered as an `EngineFactory`, has only the second kind to pass::

    class TestMyEngine(EngineConformance):
        def make_engine(self):
            return create_engine(EngineChoice("far"))    # or my_package.far.create(…)

They ask nothing of pytest itself: each ``test_…`` method raises `AssertionError` or returns.
"""

from __future__ import annotations

from midifrag.engine.conformance.engines import EngineConformance
from midifrag.engine.conformance.workers import WorkerConformance

__all__ = ["EngineConformance", "WorkerConformance"]
