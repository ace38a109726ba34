"""The one intake for every row, from a ledger or a sample."""

from gunmane.assets.intake import take_assets
from gunmane.assets.values import check_digit, plain_code

__all__ = ["check_digit", "plain_code", "take_assets"]
