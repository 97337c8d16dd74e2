"""The one player of a screen."""

from midifrag.page.panels.player import Player


def test_it_plays_what_it_is_given_from_the_beginning_every_time(headless):
    page = headless()
    player = page.do(Player)
    assert page.text("player-title") == "nothing played yet"
    page.do(lambda: player.play("/slots/1.wav", "rain"))
    first = page.one("player-audio").props["src"]
    page.do(lambda: player.play("/slots/1.wav", "rain again"))
    second = page.one("player-audio").props["src"]
    assert page.text("player-title") == "rain again"
    assert first.startswith("/slots/1.wav?")
    assert second.startswith("/slots/1.wav?")
    # The same file may hold another fragment by now.
    assert first != second
