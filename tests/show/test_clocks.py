"""Other clocks go along with what a show publishes."""

import threading

import mido

from midifrag.events import ConfigurationChanged, Notice, TimeChanged
from midifrag.show.clocks import Clocks
from midifrag.states import NoticeLevel
from midifrag.timeline import Timeline
from tests.show.test_link import Network
from tests.support import PATIENCE
from tests.support.shows import loaded

PORTS = {"daw": {"out": "daw"}}


class Around:
    def __init__(self, open_link=None):
        self.sent, self.said, self.news = [], [], threading.Condition()
        self.clocks = Clocks(self.send, self.put, open_link)

    def send(self, port, messages):
        with self.news:
            self.sent += [(port, message) for message in messages]
            self.news.notify_all()
        return True

    def put(self, item):
        with self.news:
            self.said.append(item)
            self.news.notify_all()

    def wait_for(self, condition):
        with self.news:
            assert self.news.wait_for(condition, PATIENCE)

    def use(self, **time):
        self.clocks.handle(ConfigurationChanged(loaded(ports=PORTS, time=time)))
        self.clocks.handle(TimeChanged(Timeline(120, self.clocks._sender._clock())))


def test_the_clock_goes_out_of_the_port_that_the_set_names():
    around = Around()
    around.use()
    around.clocks.handle(Notice(NoticeLevel.INFO, "nothing of theirs"))
    assert around.sent == []
    around.use(send="daw")
    around.wait_for(lambda: len(around.sent) > 3)
    around.clocks.close()
    assert around.sent[0] == ("daw", mido.Message("start"))
    assert around.sent[-1] == ("daw", mido.Message("stop"))


def test_link_is_joined_where_the_set_hears_it_and_a_show_has_it():
    network = Network()
    network.peers = 1
    around = Around(network.open)
    around.use(source="internal")
    assert around.clocks._link._thread is None
    around.use(source="auto")
    around.wait_for(lambda: around.said and around.said[-1].peers == 1)
    around.use(source="midi")
    around.wait_for(lambda: around.said[-1].peers == 0)
    around.clocks.close()
