"""Small tables and marks as HTML, every text escaped: what Streamlit's own table does not draw."""

from __future__ import annotations

import base64
import dataclasses
import html
from collections.abc import Sequence

from app_pages.terms import explained

PATTERN_LINES = {
    "plain": "",
    "slash": "M-2,2l4,-4M0,10l10,-10M8,12l4,-4",
    "backslash": "M-2,8l4,4M0,0l10,10M8,-2l4,4",
    "cross": "M0,0l10,10M10,0l-10,10",
    "dots": "M2.5,2.5h.01M7.5,7.5h.01",
    "horizontal": "M0,5h10",
    "vertical": "M5,0v10",
    "grid": "M0,5h10M5,0v10",
}
"""The hatchings of the map's bundles (`maps.PATTERNS`) as paths in a square of 10 pixels."""


@dataclasses.dataclass(frozen=True)
class Cell:
    """
    One cell: its text, a smaller second line, and a mark that colours it and says why in words.

    Parameters
    ----------
    text, small
        What stands in it.
    mark
        "better", "worse", "other", "badge gm-badge-…" (a badge of the style sheet) or "" for the second line.
    """

    text: str
    small: str = ""
    mark: str = ""


def html_table(
    head: Sequence[str],
    rows: Sequence[Sequence[str | Cell]],
    *,
    caption: str = "",
    is_inline: bool = False,
    left: Sequence[int] = (),
) -> str:
    """
    Return a table whose first column names its rows.

    Parameters
    ----------
    head
        Names of the columns.
    rows
        Cells in the order of the columns.
    caption
        What the table shows, for screen readers and above it.
    is_inline
        Whether the second text of a cell stands beside the first instead of below it.
    left
        Columns of words, which start at the left; numbers end at the right.
    """
    name = "gm-table gm-inline" if is_inline else "gm-table"
    named = f' aria-label="{html.escape(caption)}"' if caption else ""
    # Whoever has no mouse moves a wide table sideways with the arrow keys: it has to take the focus for that.
    parts = [f'<div class="gm-scroll" tabindex="0" role="group"{named}><table class="{name}">']
    if caption:
        parts.append(f"<caption>{html.escape(caption)}</caption>")
    parts.append("<thead><tr>")
    parts += [f'<th scope="col">{explained(name)}</th>' for name in head]
    parts.append("</tr></thead><tbody>")
    for row in rows:
        first, *others = row
        named = explained(first) if isinstance(first, str) else _cell(first)
        parts.append(f'<tr><th scope="row">{named}</th>')
        parts += [
            f'<td class="gm-words">{_cell(cell)}</td>' if column in left else f"<td>{_cell(cell)}</td>"
            for column, cell in enumerate(others, start=1)
        ]
        parts.append("</tr>")
    parts.append("</tbody></table></div>")
    return "".join(parts)


def _cell(cell: str | Cell) -> str:
    if isinstance(cell, str):
        return html.escape(cell)
    text = html.escape(cell.text)
    if cell.small:
        text += (
            f'<span class="gm-small gm-{html.escape(cell.mark or "plain")}">{html.escape(cell.small)}</span>'
        )
    return text


def heading(text: str) -> str:
    """Return a small heading that keeps its distance from what follows."""
    return f'<h4 class="gm-head">{html.escape(text)}</h4>'


def figure_tiles(figures: Sequence[tuple[str, str, str]]) -> str:
    """Return figures as tiles: (name, value, what stands below it)."""
    tiles = [
        f'<div class="gm-tile"><dt>{explained(name)}</dt><dd>{html.escape(value)}'
        + (f"<small>{html.escape(below)}</small>" if below else "")
        + "</dd></div>"
        for name, value, below in figures
    ]
    return f'<dl class="gm-tiles">{"".join(tiles)}</dl>'


def check_list(rows: Sequence[tuple[str, str, str]]) -> str:
    """Return a list of (state, text, where): state "kept", "borderline" or "broken" as sign and colour."""
    signs = {"kept": "✓", "borderline": "△", "broken": "!"}
    items = [
        f'<li class="gm-check-{state}"><span aria-hidden="true">{signs[state]}</span><div>{html.escape(text)}'
        + (f"<small>{html.escape(where)}</small>" if where else "")
        + "</div></li>"
        for state, text, where in rows
    ]
    return f'<ul class="gm-checks">{"".join(items)}</ul>'


def swatch(colour: str, pattern: str, label: str) -> str:
    """Return an image address: the bundle's label in the colour and hatching that it has on the map."""
    lines = PATTERN_LINES.get(pattern, "")
    stroke = 'stroke="#1F2933" stroke-opacity="0.55" stroke-linecap="round" fill="none"'
    width = 2.2 if pattern == "dots" else 1
    body = (
        '<defs><pattern id="p" width="10" height="10" patternUnits="userSpaceOnUse">'
        f'<rect width="10" height="10" fill="{html.escape(colour)}" fill-opacity="0.6"/>'
        f'<path d="{lines}" {stroke} stroke-width="{width}"/></pattern></defs>'
        '<rect x="1" y="1" width="62" height="26" rx="4" fill="url(#p)" stroke="#1F2933"/>'
        '<rect x="13" y="5" width="38" height="18" rx="3" fill="#fff" fill-opacity="0.9"/>'
        '<text x="32" y="19" text-anchor="middle" font-family="sans-serif" font-size="14" font-weight="700" '
        f'fill="#1F2933">{html.escape(label)}</text>'
    )
    return _image(64, 28, body)


def window_bar(low: float, central: float, high: float, *, floor: float, ceiling: float, top: float) -> str:
    """
    Return an image address: a bundle's work (line from low to high, dot at central) against the work window.

    Parameters
    ----------
    low, central, high
        Work of the bundle.
    floor, ceiling
        The window, drawn as a band.
    top
        Work at the right end of the scale (> 0); bars that shall be compared have the same.
    """

    def at(value: float) -> float:
        return 2 + 136 * min(max(value / top, 0.0), 1.0)

    inside = floor <= central <= ceiling
    ink = "#0072B2" if inside else "#C2410C"
    dot = (
        f'<circle cx="{at(central):.1f}" cy="14" r="5" fill="{ink}"/>'
        if inside
        else f'<path d="M{at(central):.1f},8l6,11h-12z" fill="{ink}"/>'
    )
    body = (
        f'<rect x="{at(floor):.1f}" y="3" width="{max(at(ceiling) - at(floor), 1):.1f}" height="22" fill="#DDE9F3"/>'
        f'<path d="M{at(floor):.1f},2v24M{at(ceiling):.1f},2v24" stroke="#5B7083" stroke-dasharray="3 2"/>'
        f'<path d="M{at(low):.1f},14H{at(high):.1f}" stroke="{ink}" stroke-width="3"/>{dot}'
    )
    return _image(140, 28, body)


def _image(width: int, height: int, body: str) -> str:
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{body}</svg>'
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


STYLE = """
<style>
.gm-scroll { overflow-x: auto; }
.stApp h4.gm-head { margin: 4px 0 0 !important; padding: 0; font-size: 15px; font-weight: 650; line-height: 1.5; }
.gm-table { border-collapse: collapse; width: 100%; font-size: 14px; line-height: 1.45; }
.gm-table caption { text-align: left; font-weight: 600; padding: 2px 0 4px; caption-side: top; }
.gm-table th, .gm-table td { border: 1px solid var(--gm-line, #d5dbe1); padding: 3px 8px; text-align: right;
  vertical-align: top; }
.gm-table thead th { word-break: auto-phrase;
  background: var(--gm-soft, #f3f5f7); text-align: center; font-weight: 600; }
.gm-table td.gm-words { text-align: left; min-width: 110px; }
.gm-table tbody th { white-space: nowrap; text-align: left; font-weight: 500; }
.gm-small { display: block; font-size: 14px; color: #4a5560; white-space: pre; }
.gm-inline { table-layout: fixed; }
.gm-inline thead th:first-child { width: 21%; }
.gm-inline tbody th { white-space: normal; }
.gm-inline .gm-small { display: inline; margin-left: 4px; }
.gm-step .gm-table { margin-top: 3px; line-height: 1.4; }
.gm-step .gm-table th, .gm-step .gm-table td { padding: 1px 5px; }
.gm-step .gm-inline thead th:first-child { width: 22.5%; }
.gm-step .gm-inline .gm-small { display: inline-block; white-space: nowrap; }
.gm-step .gm-checks small { display: inline; margin-left: 8px; }
.gm-wrap .gm-table th, .gm-wrap .gm-table td { padding: 2px 4px; }
.gm-wrap .gm-table td.gm-words { min-width: 0; }
.gm-wrap .gm-table tbody th { white-space: normal; min-width: 4em; }
.gm-wrap .gm-small { white-space: normal; }
.gm-reasons p { margin: 0 0 5px !important; }
.gm-better { color: #00507d; font-weight: 600; }
.gm-worse { color: #9a3412; font-weight: 600; }
.gm-tiles { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 6px; margin: 0 !important;
  padding: 0 !important; }
.gm-tile { border: 1px solid var(--gm-line, #d5dbe1); border-radius: 6px; padding: 4px 8px; }
.gm-tile dt { font-size: 14px; color: #4a5560; line-height: 1.35; }
.gm-tile dd { margin: 0 !important; font-size: 19px; font-weight: 650; line-height: 1.3; }
.gm-tile dd small { display: block; white-space: pre-line; font-size: 14px; font-weight: 400; color: #4a5560;
  line-height: 1.35; }
.gm-checks { list-style: none; margin: 0 !important; padding: 0 !important; }
.gm-checks li { display: flex; margin: 0 !important; gap: 8px; padding: 2px 0; font-size: 14px; line-height: 1.45; }
.gm-checks li > span { flex: 0 0 20px; height: 20px; border-radius: 50%; text-align: center; line-height: 20px;
  font-weight: 700; color: #fff; font-size: 14px; }
.gm-check-kept > span { background: #00693e; }
.gm-check-borderline > span { background: #8a5a00; }
.gm-check-broken > span { background: #b3261e; }
.gm-checks small { display: block; font-size: 14px; color: #4a5560; }
</style>
"""
