"""What axe-core finds: nothing, on any tab at any size."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.scenarios.page.sizes import SIZES

FOUND = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => done(violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`))),
    (error) => done([String(error)]));
"""
#: What is on a tab once it is drawn.
TABS = {
    "Play": ".slot",
    "Archive": ".take",
    "Engine": ".chart > div",
    "Set": "[data-edit]",
    "Learn": ".learn-begin",
    "OSC": ".osc-try",
}


@pytest.mark.parametrize(
    "tab", ["Play", *(pytest.param(tab, marks=pytest.mark.thorough) for tab in TABS if tab != "Play")]
)
def test_axe_finds_nothing(browser, sized, tab):
    if tab == "Archive":
        browser.play(36)
    if tab != "Play":
        browser.tab(tab)
    browser.find(TABS[tab])
    found = []
    for name in SIZES:
        sized(name)
        browser.rest()
        # A page whose connection was lost for long, as on a busy machine, has loaded itself anew.
        if not browser.script("return !!window.axe"):
            browser.script(AXE_SCRIPT)
        found += [f"{name}: {one}" for one in browser.driver.execute_async_script(FOUND)]
    assert not found, "\n".join(found)


def test_a_dialog_is_there_at_once_where_less_motion_is_wanted(browser):
    browser.type_prompt("new pad sound")
    browser.click("[title='Save as pad']")
    browser.find(".dialog")
    style = "getComputedStyle(document.querySelector('.q-dialog__inner'))"
    assert browser.script(f"return {style}.getPropertyValue('--q-transition-duration')") == "1ms"
