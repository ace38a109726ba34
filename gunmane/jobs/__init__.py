"""Long work in worker processes: a bounded line, progress, cancel, the best so far; nothing is left behind."""

from gunmane.jobs.handles import JobHandle
from gunmane.jobs.pool import Limits, Pool, most_workers

__all__ = ["JobHandle", "Limits", "Pool", "most_workers"]
