"""Rules of a grouping: what may be chosen (`choices`), and each rule as an object with a check of its own."""

from gunmane.solver.rules.choices import Rules, SideWindow, Soft

__all__ = ["Rules", "SideWindow", "Soft"]
