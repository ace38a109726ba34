"""Rows that imitate a region's ledgers, because the real ones are not public; they pass through the same intake."""

from gunmane.sample.absent import no_sample
from gunmane.sample.draw import SampleRows, sample_rows
from gunmane.sample.store import load_sample

__all__ = ["SampleRows", "load_sample", "no_sample", "sample_rows"]
