"""A running show's musical time: clocks that come in, that goes out, and Link."""

import mido

from midifrag.clock import monotonic
from midifrag.events import TimeChanged
from midifrag.show.playing import ClipPorts
from midifrag.show.runtime import Runtime
from midifrag.timeline import Timeline
from tests.show.test_link import Network
from tests.support import PATIENCE
from tests.support.runtimes import Seen, in_its_own_time, log_of, played_show
from tests.support.shows import loaded


def kinds(sent):
    return [message.type for _, message in sent]


def sources(changes):
    return [change.timeline.source for change in changes if isinstance(change, TimeChanged)]


def test_a_clock_that_comes_in_keeps_the_time_of_all_and_stands_in_the_log(tmp_path):
    with played_show(tmp_path) as show:
        assert sources(show.seen.changes)[0] == "internal"
        show.ports.send(mido.Message("start"))
        for _ in range(3):
            show.ports.send(mido.Message("clock"))
        show.seen.wait_for(lambda changes: "midi:midifrag" in sources(changes))
        # Silent from here on.
        show.seen.wait_for(lambda changes: sources(changes)[-1] == "internal" and len(sources(changes)) > 2)
    logged = [line["timeline"]["source"] for line in log_of(tmp_path) if line["event"] == "TimeChanged"]
    assert logged[:2] == ["internal", "midi:midifrag"]
    assert logged[-1] == "internal"


def test_our_clock_goes_out_of_the_port_that_the_set_names_until_the_end(tmp_path):
    with played_show(tmp_path, time={"send": "midifrag"}, tempo=300) as show:
        assert show.backend.wait_for(lambda sent: kinds(sent).count("clock") > 30, PATIENCE)
        backend = show.backend
    words = [kind for kind in kinds(backend.sent) if kind in ("start", "songpos", "continue", "stop")]
    assert "start" in words or words[:2] == ["songpos", "continue"]
    assert words[-1] == "stop"


def test_where_a_show_has_link_its_time_is_that_of_the_session(tmp_path):
    network = Network()
    network.now, network.peers = monotonic(), 1
    network.micros = lambda: round(monotonic() * 1e6)
    network.ahead = 0.0

    def join(_bpm):
        return network

    network.line = Timeline(133.0, network.now)
    show = loaded(fragments={"folder": str(tmp_path)}, engine={"host": "thread", "spares": {"enabled": False}})
    runtime, seen = Runtime(show, ClipPorts("midifrag"), open_link=join), Seen()
    with in_its_own_time():
        try:
            runtime.start()
            runtime.watch(seen, "test")
            (line,) = seen.wait_for(
                lambda changes: [
                    change.timeline
                    for change in changes
                    if isinstance(change, TimeChanged) and change.timeline.source == "link"
                ][:1]
            )
        finally:
            runtime.close()
    assert line.bpm == 133.0
    assert abs(line.position_at(network.now)) < 0.001
    assert network.closed == 1
