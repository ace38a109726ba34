"""Where the drawing breaks off: the shortest gap from each road component to a longer one."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
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
    order = np.argsort(of_point, kind="stable")
    xy = np.column_stack([network.point_x, network.point_y])[order]
    rank = of_point[order]
    away, goal = np.full(len(xy), np.inf), np.zeros(len(xy), np.int64)
    count = int(rank[-1]) + 1 if len(rank) else 0
    _search(xy, np.searchsorted(rank, np.arange(count + 1)), (0, count), limit_m, (away, goal))

    nearest = np.lexsort((away, rank))
    _, first = np.unique(rank[nearest], return_index=True)
    one = nearest[first]
    one = one[np.isfinite(away[one])]
    length, other = away[one], goal[one]
    one, other = order[one], order[other]
    along = network.point_m[one] + network.point_m[other]
    return Gaps(network.point_node[one], network.point_node[other], length, along)


def _search(
    xy: Floats, begins: npt.NDArray, span: tuple[int, int], limit_m: float, best: tuple[Floats, npt.NDArray]
) -> None:
    """
    Bring the nearest point of any longer component into `best` (metres, point) for the components of a span.

    The span is halved by its points: the shorter half asks the longer one, then each is halved again.
    """
    low, high = span
    if high - low < 2:
        return
    half = (begins[low] + begins[high]) / 2
    middle = int(np.clip(np.searchsorted(begins, half), low + 1, high - 1))
    longer, shorter = slice(begins[low], begins[middle]), slice(begins[middle], begins[high])
    away, near = cKDTree(xy[longer]).query(xy[shorter], distance_upper_bound=limit_m)
    nearer = away < best[0][shorter]
    best[0][shorter] = np.where(nearer, away, best[0][shorter])
    best[1][shorter] = np.where(nearer, near + begins[low], best[1][shorter])
    _search(xy, begins, (low, middle), limit_m, best)
    _search(xy, begins, (middle, high), limit_m, best)
