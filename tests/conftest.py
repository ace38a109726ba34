"""What every test module shares: hypothesis draws the same examples on every run and every machine."""

from browsing import address, browser, page  # noqa: F401 - fixtures of whoever asks for them
from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci")
