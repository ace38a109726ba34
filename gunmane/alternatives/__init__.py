"""What else could be done: plans nearly as good, other numbers of bundles, and what one aim costs another."""

from gunmane.alternatives.front import Front, trade_offs
from gunmane.alternatives.near import Alternatives, near_optimal, neighbouring_counts

__all__ = ["Alternatives", "Front", "near_optimal", "neighbouring_counts", "trade_offs"]
