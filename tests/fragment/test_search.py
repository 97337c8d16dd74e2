"""What is typed to find takes."""

import math

import pytest

from midifrag.fragment.archive_index import Index
from midifrag.fragment.search import NEWEST, ORDERS, InKeys, Search, SearchError, Within, parsed
from tests.page.changes import record


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Search()),
        ("  rain  hall ", Search(("rain", "hall"))),
        ('"wide hall" rain', Search(("wide hall", "rain"))),
        ('rain "wide ha', Search(("rain", "wide ha"))),
        ('-dark -"wide hall" rain', Search(("rain",), ("dark", "wide hall"))),
        ("lo-fi -- x", Search(("lo-fi", "x"), ("-",))),
        ("note: http://x a:b", Search(("note:", "http://x", "a:b"))),
        ("key:Am", Search(keys=(InKeys((9,), "minor", "A minor"),))),
        ('-key:"Bb major"', Search(keys=(InKeys((10,), "major", "Bb major", without=True),))),
        ("key:minor", Search(keys=(InKeys(tuple(range(12)), "minor"),))),
        ("key:A..C", Search(keys=(InKeys((9, 10, 11, 0)),))),
        ("key:Am..Cm", Search(keys=(InKeys((9, 10, 11, 0), "minor"),))),
        ('key:pelog -key:"the old one"', Search(("pelog",), ("the old one",))),
        ("sort:longest", Search(order=ORDERS["longest"])),
        ("SORT:Newest", Search(order=NEWEST)),
    ],
)
def test_words_phrases_and_what_must_not_be_there(text, meant):
    assert parsed(text) == meant


@pytest.mark.parametrize(
    ("text", "column", "low", "high"),
    [
        ("tempo:90..120", "tempo", 90, 120),
        ("BPM:120..90", "tempo", 90, 120),
        ("tempo:120", "tempo", 119.5, 120.5),
        ("length:>2", "seconds", 2, math.inf),
        ("seconds:<=2.5", "seconds", -math.inf, 2.5),
        ("length:1,5", "seconds", 1.45, 1.55),
        ("loudness:-12..-6", "peak", 10 ** (-12 / 20), 10 ** (-6 / 20)),
        ("loudness:<-40", "peak", 0, 0.01),
    ],
)
def test_ranges(text, column, low, high):
    assert parsed(text).ranges == (Within(column, pytest.approx(low), pytest.approx(high)),)


@pytest.mark.parametrize("text", ["tempo:fast", "tempo:1..", "sort:louder", 'tempo:"x"', "loudness:--3", "key:Am..C#M"])
def test_what_cannot_be_meant_says_what_can(text):
    with pytest.raises(SearchError, match="write"):
        parsed(text)


def take(number, **values):
    return record(values.pop("prompt", "rain"), number=number, file=f"output{number:03d}.wav", **values)


MADE = [
    take(1, prompt="rain in a wide hall", seconds=2.0, tempo=90.0, peak=1.0),
    take(2, prompt="hall, wide rain", seconds=4.0, tempo=120.0, peak=0.25),
    take(3, prompt="dark bell", seconds=1.0, bpm=100.0, peak=0.5, key="C# minor"),
    take(4, prompt="bell", key="A"),
    take(5, prompt="a low tone in c# MINOR"),
    take(6, prompt="gong", key="pelog"),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hall rain", [2, 1]),
        ('"wide hall"', [1]),
        ("-rain -tone -gong", [4, 3]),
        ("-rain -dark -tone -gong", [4]),
        ("bell -tempo:90..110", [4]),
        ("key:C#m", [5, 3]),
        ("key:Dbm", [3]),
        ("key:A..C#", [4, 3]),
        ("key:major", [4]),
        ("-key:minor bell", [4]),
        ("key:pelog", []),
        ("tempo:95..125", [3, 2]),
        ("length:>=2 sort:longest", [2, 1]),
        ("loudness:-7..0", [3, 1]),
        ("loudness:>-7 -hall", [3]),
        ("sort:oldest", [1, 2, 3, 4, 5, 6]),
        ("rain sort:quietest", [2, 1]),
        ("tempo:>0 sort:slowest", [1, 3, 2]),
        ("bell sort:loudest", [3, 4]),
    ],
)
def test_takes_are_found_and_sorted(text, found):
    index = Index(None)
    index.add(MADE)
    search = parsed(text)
    assert [one.number for one in index.select(search, {}, None, 0)] == found
    assert [one.number for one in index.select(search, {}, 1, 1)] == found[1:2]
    assert index.count(search, {}) == len(found)
    index.close()


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_sorts(order):
    index = Index(None)
    index.add(MADE)
    assert len(index.select(parsed(f"sort:{order}"), {}, None, 0)) == len(MADE)
    index.close()
