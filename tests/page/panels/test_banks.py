"""The set list in the top line."""

import dataclasses

from midifrag.events import BankChanged
from midifrag.intents import SelectBank
from midifrag.page.panels.banks import BanksPanel
from midifrag.page.wire import configuration
from tests.support.shows import bank, loaded


def test_every_bank_is_one_step_away_and_the_active_one_marked(headless):
    page = headless(bank(), bank("second"))
    page.show(BanksPanel)
    opening, second = page.all("bank")
    assert (opening.text, second.text) == ("Opening", "Second")
    page.take(BankChanged("second", "Second", 1, ()))
    assert [one.props["aria-pressed"] for one in page.all("bank")] == ["false", "true"]
    assert "active" in second.classes
    assert "active" not in opening.classes
    page.click(opening)
    page.click(page.titled("Previous bank")[0])
    page.click(page.titled("Next bank")[0])
    assert page.sent == [SelectBank(slug="opening"), SelectBank(offset=-1), SelectBank(offset=1)]


def test_a_set_with_other_banks_is_shown_anew(headless):
    page = headless()
    page.show(BanksPanel)
    before = page.one("bank")
    show = loaded(bank(), bank("encore"), fragments={"folder": "."})
    page.take(configuration(show))
    assert page.texts("bank") == ["Opening", "Encore"]
    assert before.is_deleted
    kept = page.all("bank")
    page.take(configuration(dataclasses.replace(show, flags={})))
    assert page.all("bank") == kept


def test_buttons_stay_where_they_are_when_a_bank_has_another_name(headless):
    page = headless(bank(), bank("second"))
    page.show(BanksPanel)
    kept = page.all("bank")
    page.take(configuration(loaded(bank(name="Overture"), bank("second"), fragments={"folder": "."})))
    assert page.all("bank") == kept
    assert page.texts("bank") == ["Overture", "Second"]
    page.click(kept[0])
    assert page.sent == [SelectBank(slug="opening")]
