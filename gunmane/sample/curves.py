"""Curves along mesh edges: smooth where a road runs on through a junction, slightly bent elsewhere."""

from __future__ import annotations

import numpy as np

from gunmane.sample.land import Floats, Ints


def bend_edges(
    xy: Floats, source: Ints, target: Ints, rank: Ints, lean: Floats, *, point_count: int
) -> tuple[Floats, Floats]:
    """
    Return each edge as a cubic curve that keeps both ends.

    At every point the two edges that go on most nearly straight, those of equal rank first, share a tangent.

    Parameters
    ----------
    xy
        Points (m).
    source, target
        Ends of each edge.
    rank
        Importance of each edge, 0 the highest.
    lean
        Angle (rad) by which an end without a shared tangent leaves the straight line, per edge.
    point_count
        Vertices of each curve, ends included, >= 2.

    Returns
    -------
    coords, length_m
        Array (edge, vertex, 2), and the length of each curve (m).
    """
    start, end = xy[source], xy[target]
    chord = end - start
    span = np.maximum(np.hypot(*chord.T), 1e-6)
    ahead = chord / span[:, None]
    leave, arrive = _turned(ahead, lean), _turned(ahead, -lean)
    e1, e2, node, away1, away2 = _through_pairs(source, target, rank, ahead, len(xy))
    tangent = away1 - away2
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-6)[:, None]
    for edge, sign in ((e1, 1.0), (e2, -1.0)):
        at_source = source[edge] == node
        leave[edge[at_source]] = (sign * tangent)[at_source]
        arrive[edge[~at_source]] = (-sign * tangent)[~at_source]
    t = np.linspace(0, 1, point_count)[None, :, None]
    h00, h10 = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t
    h01, h11 = -2 * t**3 + 3 * t**2, t**3 - t**2
    reach = (span[:, None] * leave)[:, None, :], (span[:, None] * arrive)[:, None, :]
    coords = h00 * start[:, None, :] + h10 * reach[0] + h01 * end[:, None, :] + h11 * reach[1]
    # Rounded so that every machine draws the same line; ends stay equal because they are rounded alike.
    coords = np.round(coords, 2)
    return coords, np.hypot(*np.moveaxis(np.diff(coords, axis=1), -1, 0)).sum(axis=1)


def _turned(direction: Floats, angle: Floats) -> Floats:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.column_stack(
        [direction[:, 0] * cos - direction[:, 1] * sin, direction[:, 0] * sin + direction[:, 1] * cos]
    )


def _through_pairs(
    source: Ints, target: Ints, rank: Ints, ahead: Floats, node_count: int
) -> tuple[Ints, Ints, Ints, Floats, Floats]:
    """For each point the two edges that pass through it as one road."""
    edge = np.tile(np.arange(len(source)), 2)
    node = np.concatenate([source, target])
    away = np.vstack([ahead, -ahead])
    order = np.lexsort((edge, node))
    edge, node, away = edge[order], node[order], away[order]
    found: list[tuple[Ints, Ints, Floats]] = []
    for step in range(1, int(np.bincount(node, minlength=node_count).max(initial=1))):
        i = np.flatnonzero(node[:-step] == node[step:])
        j = i + step
        straight = -(away[i] * away[j]).sum(axis=1)
        score = straight + 1.0 * (rank[edge[i]] == rank[edge[j]]) - 0.3 * (rank[edge[i]] + rank[edge[j]])
        is_open = straight > 0.25
        found.append((i[is_open], j[is_open], np.round(score[is_open], 6)))
    if not found:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, empty, np.empty((0, 2)), np.empty((0, 2))
    i, j, score = (np.concatenate(part) for part in zip(*found, strict=True))
    best = np.lexsort((j, i, -score, node[i]))
    first = best[np.unique(node[i][best], return_index=True)[1]]
    i, j = i[first], j[first]
    return edge[i], edge[j], node[i], away[i], away[j]
