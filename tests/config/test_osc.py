import pytest
from pydantic import ValidationError

from midifrag.config.osc import Endpoint, OscSettings, comes_back, endpoint
from midifrag.config.settings import Settings


def test_it_is_off_until_something_is_written():
    assert not Settings().osc.is_on
    assert not Settings.model_validate({"osc": {}}).osc.is_on
    assert Settings.model_validate({"osc": {"listen": 7400}}).osc.is_on
    assert Settings.model_validate({"osc": {"send": 7401}}).osc.is_on


def test_a_port_alone_is_one_that_only_this_machine_reaches():
    osc = OscSettings.model_validate({"listen": 7400, "send": "7401"})
    assert (osc.listen, osc.send) == (Endpoint("127.0.0.1", 7400), (Endpoint("127.0.0.1", 7401),))


def test_addresses_and_names_are_taken_with_their_port_and_several_are_a_list():
    osc = OscSettings.model_validate({"listen": "0.0.0.0:7400", "send": ["desk.local:9000", "[fe80::1%eth0]:1", 2]})
    assert osc.listen == Endpoint("0.0.0.0", 7400)
    assert osc.send == (Endpoint("desk.local", 9000), Endpoint("fe80::1%eth0", 1), Endpoint("127.0.0.1", 2))
    written = osc.model_dump(mode="json")
    assert written == {"listen": "0.0.0.0:7400", "send": ["desk.local:9000", "[fe80::1%eth0]:1", "127.0.0.1:2"]}
    assert OscSettings.model_validate(written) == osc
    assert endpoint(osc.send[0]) is osc.send[0]


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ({"listen": True}, "True is no port"),
        ({"listen": 7400.5}, "7400.5 is no port"),
        ({"listen": "desk"}, "'desk' is no port"),
        ({"listen": "::1:7400"}, "is no port"),
        ({"listen": 0}, "port 0 is outside 1–65535"),
        ({"listen": 65536}, "port 65536 is outside"),
        ({"listen": "1" * 5000}, "is outside 1–65535"),
        ({"send": [7401, "de sk:1"]}, "'de sk:1' is no port"),
        ({"send": "ö" * 70 + ":1"}, "is no address"),
        ({"send": [*range(1, 18)]}, "at most 16"),
        ({"listen": 7400, "send": "127.0.0.1:7400"}, "where midifrag itself listens"),
        ({"listen": "0.0.0.0:7400", "send": 7400}, "where midifrag itself listens"),
        ({"listen": 7400, "send": [7401, "localhost:7400"]}, "where midifrag itself listens"),
        ({"listen": "[::]:7400", "send": "[::1]:7400"}, "where midifrag itself listens"),
        ({"listen": "0.0.0.0:7400", "send": "255.255.255.255:7400"}, "where midifrag itself listens"),
        ({"listen": "Desk:7400", "send": "desk:7400"}, "where midifrag itself listens"),
        ({"send": "0.0.0.0:7401"}, "is every address that a machine has; name one to send to"),
        ({"port": 7400}, "Extra inputs"),
    ],
)
def test_what_is_wrong_is_told(keys, wrong):
    with pytest.raises(ValidationError, match=wrong):
        OscSettings.model_validate(keys)


@pytest.mark.parametrize(
    ("target", "listen", "own", "comes"),
    [
        ("192.168.1.5:1", "0.0.0.0:1", ["192.168.1.5"], True),
        ("192.168.1.5:1", "0.0.0.0:1", ["192.168.1.6"], False),
        ("192.168.1.5:1", "127.0.0.1:1", ["192.168.1.5"], False),
        ("192.168.1.5:2", "0.0.0.0:1", ["192.168.1.5"], False),
        ("[fe80::1]:1", "[::]:1", ["fe80::1%eth0"], True),
        ("192.168.1.5:1", "192.168.1.5:1", [], True),
    ],
)
def test_what_comes_back_hangs_on_this_machines_addresses(target, listen, own, comes):
    assert comes_back(endpoint(target), endpoint(listen), own) is comes
