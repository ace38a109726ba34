"""Where the drawing breaks off: the shortest gap from each road component to a longer one."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from gunmane.graph import Floats, Ints, Network


@dataclasses.dataclass(frozen=True, eq=False)
class Gaps:
    """
    Gaps between components.

    Parameters
    ----------
    source, target
        Nodes on both sides.
    length_m
        Straight line between the roads.
    along_m
        Metres along the roads from both nodes to the gap.
    """

    source: Ints
    target: Ints
    length_m: Floats
    along_m: Floats


def find_gaps(network: Network, *, limit_m: float) -> Gaps:
    """
    Find for each component but the longest the nearest point of a longer one.

    Parameters
    ----------
    network
        Components and points along the roads.
    limit_m
        Wider gaps are left open.

    Returns
    -------
    gaps
        At most one gap a component, in the order of the components.
    """
    of_point = network.component[network.point_node]
    count = int(network.component.max()) + 1 if len(network.component) else 0
    rows: list[tuple[int, int, float]] = []
    if count > 1:
        order = np.argsort(of_point, kind="stable")
        ends = np.searchsorted(of_point[order], np.arange(count + 1))
        members = [order[ends[c] : ends[c + 1]] for c in range(count)]
        rows = _nearest_longer(np.column_stack([network.point_x, network.point_y]), members, limit_m)
    one = np.array([row[0] for row in rows], np.int64)
    other = np.array([row[1] for row in rows], np.int64)
    along = network.point_m[one] + network.point_m[other]
    length = np.array([row[2] for row in rows], np.float64)
    return Gaps(network.point_node[one], network.point_node[other], length, along)


def _nearest_longer(xy: Floats, members: list[npt.NDArray], limit_m: float) -> list[tuple[int, int, float]]:
    """(own point, the other's point, metres) for each component with a longer one within the limit."""
    shapes = np.array([shapely.multipoints(xy[points]) for points in members])
    shapely.prepare(shapes)
    longer, shorter = shapely.STRtree(shapes[1:]).query(shapes, predicate="dwithin", distance=limit_m)
    shorter = shorter + 1
    fits = longer < shorter
    longer, shorter = longer[fits], shorter[fits]
    trees: dict[int, cKDTree] = {}
    best: dict[int, tuple[float, int, int]] = {}
    for one, other in sorted(zip(shorter.tolist(), longer.tolist(), strict=True)):
        if other not in trees:
            trees[other] = cKDTree(xy[members[other]])
        away, near = trees[other].query(xy[members[one]])
        at = int(np.argmin(away))
        candidate = (float(away[at]), int(members[one][at]), int(members[other][near[at]]))
        if one not in best or candidate[0] < best[one][0]:
            best[one] = candidate
    return [(at, goal, away) for _, (away, at, goal) in sorted(best.items()) if away <= limit_m]
