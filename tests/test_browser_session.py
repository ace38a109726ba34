"""A whole session in a browser that reaches nothing but this machine; the server is killed in the middle of it."""

import re

import pytest
from browsing import REGION, Served, arrived, go_to, idle, in_map, open_map, open_page
from caches import new_cache

from gunmane.i18n import catalogue, t

pytestmark = pytest.mark.browser


@pytest.fixture
def served(tmp_path_factory):
    """The app with a place of its own for saved plans."""
    served = Served(tmp_path_factory.mktemp("session"), new_cache(tmp_path_factory))
    served.start()
    yield served
    served.stop()


class Person:
    """Who sits before the page: finds by what can be read, and waits for what can be seen."""

    def __init__(self, page, lang):
        self.page, self.lang = page, lang

    def say(self, key, **values):
        return t(key, self.lang, **values)

    def press(self, key, **values):
        """Press a button; the keys that do the same may stand behind its words."""
        idle(self.page)
        words = re.compile(f"^{re.escape(self.say(key, **values))}(Ctrl.*)?$")
        self.reach(self.page.get_by_role("button").filter(has_text=words))

    def sees(self, key, **values):
        self.page.get_by_text(self.say(key, **values)).first.wait_for()

    def sees_beginning(self, key):
        """Wait for a sentence of which only the figures are not known before."""
        self.page.get_by_text(catalogue(self.lang)[key].partition("{")[0]).first.wait_for()

    def sees_steps(self, steps, units=0):
        """Wait for the line beside the map that says how much was done and how much is locked."""
        self.sees("hand.state", steps=steps, bundles=0, units=units)


class Mouse(Person):
    """Works with the mouse."""

    def reach(self, thing):
        thing.click()

    def choose_units(self):
        """Draw around the middle of the map; return how many units are chosen."""
        frame = self.page.locator("iframe").first
        frame.content_frame.get_by_role("button", name=self.say("map.draw")).click()
        box = frame.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x + 50, y + 50)
        self.page.mouse.down()
        for across, down in ((-50, 50), (-50, -50), (50, -50), (50, 50)):
            self.page.mouse.move(x + across, y + down, steps=4)
        self.page.mouse.up()

    def undo(self):
        self.press("hand.undo")

    def redo(self):
        self.press("hand.redo")

    def visit(self, name):
        go_to(self.page, name, self.lang)


class Keyboard(Person):
    """Works with the keyboard alone."""

    def reach(self, thing):
        self.walk_to(thing)
        self.page.keyboard.press("Enter")

    def walk_to(self, thing):
        """Press Tab until the focus is there."""
        thing.wait_for()
        for _ in range(150):
            if thing.evaluate("(it) => it === document.activeElement || it.contains(document.activeElement)"):
                return
            self.page.keyboard.press("Tab")
        pytest.fail(f"no way by Tab to {thing}")

    def choose_units(self):
        """Choose the unit in the middle of the map."""
        self.walk_to(self.page.locator("iframe").first)
        for _ in range(40):
            if in_map(self.page, "document.activeElement === map.getContainer()"):
                break
            self.page.keyboard.press("Tab")
        self.page.keyboard.press(" ")

    def undo(self):
        idle(self.page)
        self.page.keyboard.press("Control+z")

    def redo(self):
        idle(self.page)
        self.page.keyboard.press("Control+y")

    def visit(self, name):
        self.reach(self.page.get_by_role("link", name=self.say(f"app.page.{name}"), exact=True))
        arrived(self.page, name, self.lang)


def work(person, served):
    """Shape a plan by hand and compare it; return how many units are locked and how many steps were done."""
    person.choose_units()
    person.press("hand.move")
    person.sees_steps(1)
    chosen = len(in_map(person.page, "[...map.gunmane.choosing.ids]"))
    assert chosen
    person.press("hand.lock")
    person.sees_steps(2, chosen)
    person.undo()
    person.sees_steps(1)
    person.redo()
    person.sees_steps(2, chosen)
    person.press("hand.improve")
    found = person.say("hand.improved", count="@").split("@")[0], person.say("hand.not_improved_held")
    told = person.page.get_by_text(re.compile("|".join(map(re.escape, found)))).first
    told.wait_for()
    steps = 3 if found[0] in told.inner_text() else 2
    person.sees_steps(steps, chosen)
    person.sees("kept.saved")
    return steps, chosen


def test_a_whole_session_by_mouse_in_japanese(page, served):
    person = Mouse(page, "ja")
    open_page(page, served.address)
    open_map(page)
    page.locator(f".st-key-card_{REGION}").get_by_role("button", name=person.say("start.open")).click()
    arrived(page, "region")
    person.visit("group")
    open_map(page)
    done = work(person, served)
    address = page.url
    person.visit("compare")
    person.sees_beginning("difference.moved")
    served.kill()
    served.start()
    page.goto(address)
    open_map(page)
    person.sees_steps(*done)
    person.undo()
    person.sees_steps(done[0] - 1, 0 if done[0] == 2 else done[1])


def test_a_whole_session_by_keyboard_in_english(page, served):
    person = Keyboard(page, "en")
    open_page(page, served.address, "group", region=REGION, lang="en")
    open_map(page)
    done = work(person, served)
    person.visit("compare")
    person.sees_beginning("difference.moved")
    served.kill()
    served.start()
    open_page(page, served.address, "group", region=REGION, lang="en")
    open_map(page)
    idle(page)
    folded = page.get_by_text(person.say("kept.title", count=1))
    person.reach(page.locator("summary", has=folded))
    person.press("kept.open")
    person.sees_steps(*done)
