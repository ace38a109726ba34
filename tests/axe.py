"""What axe-core finds on a page and in its map that keeps somebody out."""

import pytest

KEEPING_OUT = {"serious", "critical"}
# While a page runs again, what is old on it is drawn pale: not what is to be judged.
STILL = """() => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning"
    && !document.querySelector('[data-stale="true"]')"""


def stand_still(tab):
    """Wait until the page has run to its end."""
    tab.wait_for_function(STILL)


def faults_of(tab):
    """The serious and critical faults of a page, each with what it stands on."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is missing"
    )
    stand_still(tab)
    # axe looks only into the document where it stands: the map is another.
    asked = {"resultTypes": ["violations"], "iframes": False}
    answers = [axe.Axe().run(frame, options=asked).response for frame in tab.frames]
    found = [fault for answer in answers for fault in answer["violations"]]
    return [
        f"{fault['help']}: {node['html'][:200]}"
        for fault in found
        if fault["impact"] in KEEPING_OUT
        for node in fault["nodes"]
    ]
