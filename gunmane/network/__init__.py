"""Road lines to a routable network of nodes and edges."""

from gunmane.graph import Network, travel_minutes
from gunmane.network.build import build_network

__all__ = ["Network", "build_network", "travel_minutes"]
