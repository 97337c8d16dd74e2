"""The Max for Live device is what its tool makes, and what it is made of exists and is connected as it can be.

It cannot be opened here: objects, inlets and outlets are checked against py2max's copy of Max's reference, and against
a table of our own for those whose number depends on what they are given.
"""

import json
import re
from pathlib import Path

import pytest
from py2max import Patcher
from py2max.m4l import read_amxd
from py2max.maxref import get_object_info

from tools import max_device

#: Inlets and outlets of what the reference does not count right, or not at all.
OWN = {
    "buffer~": lambda _: (1, 2),
    "comment": lambda _: (1, 0),
    "expr": lambda words: (len(set(re.findall(r"\$i\d", " ".join(words)))), 1),
    "gate": lambda words: (2, int(words[0])),
    "groove~": lambda words: (3, int(words[1]) + 1),
    "live.path": lambda _: (1, 3),
    "live.thisdevice": lambda _: (1, 3),
    "message": lambda _: (2, 1),
    "pack": lambda words: (len(words), 1),
    "receive": lambda _: (1, 1),
    "route": lambda words: (2 if len(words) == 1 else 1, len(words) + 1),
    "select": lambda words: (2 if len(words) == 1 else 1, len(words) + 1),
    "send": lambda _: (1, 0),
    "trigger": lambda words: (1, len(words)),
    "unpack": lambda words: (1, len(words)),
}


@pytest.fixture(scope="module")
def patch():
    """What the committed file holds."""
    found = read_amxd(max_device.DEVICE)
    return found["patcher"] if isinstance(found, dict) else found[0]["patcher"]


def boxes(patch):
    return {one["box"]["id"]: one["box"] for one in patch["boxes"]}


def lines(patch):
    for one in patch["lines"]:
        line = one["patchline"]
        yield (*line["source"][:2], *line["destination"][:2])


def name_of(box):
    return box["text"].split()[0] if box["maxclass"] == "newobj" else box["maxclass"]


def ports_of(box):
    """How many inlets and outlets a box has."""
    name, words = name_of(box), box.get("text", "").split()[1:]
    if name in OWN:
        return OWN[name](words)
    known = get_object_info(name)
    return len(known["inlets"]), len(known["outlets"])


def wrong_lines(patch):
    """Lines that lead from an outlet, or to an inlet, that there is not."""
    known = boxes(patch)
    return [
        line
        for line in lines(patch)
        if line[1] >= ports_of(known[line[0]])[1] or line[3] >= ports_of(known[line[2]])[0]
    ]


def reached(patch, start, outlet=0):
    """What an outlet leads to, as name or message and inlet."""
    known = boxes(patch)
    return {
        (known[to].get("text") or name_of(known[to]), inlet)
        for box, out, to, inlet in lines(patch)
        if (box, out) == (start, outlet)
    }


def test_the_tool_makes_the_very_file_that_is_shipped():
    assert max_device.content() == max_device.DEVICE.read_bytes(), "run `python -m tools.max_device`"


def test_the_file_is_that_of_an_instrument():
    content = max_device.DEVICE.read_bytes()
    assert content[:4] == b"ampf"
    assert content[8:12] == b"iiii"
    begin, end = content.index(b"{"), content.index(b"\0", content.index(b"{"))
    assert json.loads(content[begin:end])["patcher"]["openinpresentation"] == 1


def test_py2max_finds_nothing_wrong():
    assert [str(one) for one in max_device.device().lint()] == []


def test_every_object_is_in_the_reference(patch):
    names = {name_of(box) for box in boxes(patch).values()}
    assert [name for name in sorted(names) if get_object_info(name) is None] == []
    assert {"udpreceive", "buffer~", "groove~", "notein", "live.menu", "live.gain~", "plugout~"} <= names


def test_every_line_leads_from_an_outlet_to_an_inlet_that_there_is(patch):
    assert wrong_lines(patch) == []
    assert len(set(lines(patch))) == len(patch["lines"])


@pytest.mark.parametrize(("outlet", "inlet"), [(3, 0), (0, 2)])
def test_a_line_to_nowhere_would_be_found(outlet, inlet):
    patcher = Patcher()
    player, gain = patcher.add_textbox("groove~ ---a 2", numoutlets=4), patcher.add_textbox("*~ 0.", numinlets=3)
    patcher._validate_connections = False
    patcher.add_line(player, gain, inlet=inlet, outlet=outlet)
    assert len(wrong_lines(patcher.to_dict()["patcher"])) == 1


def test_each_slot_is_replaced_played_and_heard_by_itself(patch):
    known = boxes(patch)
    by_text = {box.get("text"): identity for identity, box in known.items()}
    files = by_text["route 1 2 3 4 5 6 7 8"]
    (starts,) = (one for text, one in by_text.items() if text and text.startswith("select 1 2"))
    for number in range(1, max_device.SLOTS + 1):
        name = f"---mf{number}"
        (path,) = followed(patch, files, number - 1)
        (replace,) = followed(patch, path)
        assert (known[path]["text"], known[replace]["text"]) == ("zl.nth 1", "prepend replace")
        assert reached(patch, replace) == {(f"buffer~ {name} 1000 2", 0)}
        (start,) = followed(patch, starts, number - 1)
        (play,) = followed(patch, start)
        assert known[play]["text"] == "startloop"
        assert reached(patch, play) == {(f"groove~ {name} 2 @loop 0", 0)}
        (end,) = followed(patch, starts, max_device.SLOTS + number - 1)
        (stop,) = followed(patch, end)
        assert (known[end]["text"], known[stop]["text"]) == ("gate 1", "stop")
        assert reached(patch, stop) == {(f"groove~ {name} 2 @loop 0", 0)}
        for channel in (0, 1):
            (gain,) = followed(patch, by_text[f"groove~ {name} 2 @loop 0"], channel)
            assert reached(patch, gain) == {("live.gain~", channel)}


def followed(patch, start, outlet=0):
    """The boxes that an outlet leads to."""
    return [to for box, out, to, _ in lines(patch) if (box, out) == (start, outlet)]


def test_what_is_seen_is_kept_with_the_set(patch):
    parameters = {
        box["saved_attribute_attributes"]["valueof"]["parameter_longname"]: box["saved_attribute_attributes"]["valueof"]
        for box in boxes(patch).values()
        if box.get("parameter_enable")
    }
    assert set(parameters) == {"Port", "Slot", "Loop", "Level"}
    assert parameters["Port"]["parameter_initial"] == [max_device.PORT]
    assert parameters["Slot"]["parameter_enum"] == ["all slots", *(f"slot {number}" for number in range(1, 9))]
    assert all(box["presentation"] for box in boxes(patch).values() if box.get("parameter_enable"))


def test_main_writes_it_where_it_is_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(max_device, "DEVICE", Path(tmp_path / "midifrag.amxd"))
    max_device.main()
    assert max_device.DEVICE.read_bytes() == max_device.content()
