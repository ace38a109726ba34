"""What every test module shares: hypothesis draws the same examples everywhere, the browser, which files begin."""

from browsing import address, browser, page  # noqa: F401 - fixtures of whoever asks for them
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci")


def pytest_configure(config):
    # By the number of its tests a file with two long ones would come last, and one worker would wait for the other.
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """Let files with a browser in them begin first, then those with pages: they take longest."""
    with_browser = {item.path for item in items if item.get_closest_marker("browser")}
    items.sort(key=lambda item: (item.path not in with_browser, not item.path.stem.endswith("_page")))
