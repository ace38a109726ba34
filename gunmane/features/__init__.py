"""Map layers for browsers: what each sends of itself, and the store that hands them out by key."""

from gunmane.features.layers import Layer, View, parse_view
from gunmane.features.store import STORE, Answer, FeatureStore, UnknownLayerError, answer

__all__ = ["STORE", "Answer", "FeatureStore", "Layer", "UnknownLayerError", "View", "answer", "parse_view"]
