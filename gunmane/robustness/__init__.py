"""Firm and fragile borders: a plan solved again for many draws of what it assumes."""

from gunmane.robustness.firm import Firmness, firmness
from gunmane.robustness.lines import border_lines

__all__ = ["Firmness", "border_lines", "firmness"]
