"""Fixtures that tests of several rooms use."""

from tests.jack import jack_server, peer

__all__ = ["jack_server", "peer"]
