"""Firm and fragile borders: a plan solved again for many draws of what it assumes."""

from gunmane.robustness.firm import Firmness, firmness

__all__ = ["Firmness", "firmness"]
