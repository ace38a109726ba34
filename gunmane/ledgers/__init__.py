"""Real files in: one module a format, each giving rows under our own column names."""

from gunmane.ledgers.files import READABLE, file_sha256
from gunmane.ledgers.roads import read_roads
from gunmane.ledgers.rows import read_assets

__all__ = ["READABLE", "file_sha256", "read_assets", "read_roads"]
