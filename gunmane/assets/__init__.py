"""The one intake for every row, from a ledger or a sample."""

from gunmane.assets.grades import load_grades, read_grade
from gunmane.assets.intake import Taken, take_assets, take_rows
from gunmane.assets.owners import is_of_state, read_owner
from gunmane.assets.values import check_digit, plain_code
from gunmane.assets.years import read_year

__all__ = [
    "Taken",
    "check_digit",
    "is_of_state",
    "load_grades",
    "plain_code",
    "read_grade",
    "read_owner",
    "read_year",
    "take_assets",
    "take_rows",
]
