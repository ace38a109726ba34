"""Management units (計画区画): the roads nearest to each town point, the links between them, the minutes."""

from gunmane.units.build import make_units, unit_facts
from gunmane.units.links import link_units
from gunmane.units.minutes import travel_matrix
from gunmane.units.parts import join_own_parts

__all__ = ["join_own_parts", "link_units", "make_units", "travel_matrix", "unit_facts"]
