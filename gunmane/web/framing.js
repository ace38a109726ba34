// Where a map opens: as large as it can be with the legend in a corner where it hides no land.
(function () {
  "use strict";

  const gunmane = window.gunmane;
  const MARGIN_PX = 10;
  const ZOOM_BUTTONS_PX = 84;
  const SCALE_BAR_PX = 34;
  const CORNERS = ["bottomleft", "bottomright", "topleft", "topright"];
  const SHARES = [0, 0.25, 0.5, 0.75, 1];

  gunmane.frameLand = function (map, bounds, land) {
    if (isHidden(map)) return;
    const panel = map.gunmane.panel;
    const best = { zoom: -1 };
    for (const option of optionsOf(map, panel)) {
      const target = map._getBoundsCenterZoom(bounds, option.padding);
      if (target.zoom <= best.zoom) continue;
      const corner = map.project(target.center, target.zoom).subtract(map.getSize().divideBy(2));
      if (!hides(option.box, corner, target.zoom, land)) Object.assign(best, target, { corner: option.corner });
    }
    panel.moveLegend(best.corner || CORNERS[0]);
    if (best.corner) {
      map.setView(best.center, best.zoom, { animate: false });
      return;
    }
    panel.legend.open = false;
    map.fitBounds(bounds, { animate: false, padding: [MARGIN_PX, MARGIN_PX] });
  };

  // A map in a tab that was left has no size: whatever is reckoned from it is no place.
  function isHidden(map) {
    const size = map.getSize();
    return !size.x || !size.y;
  }

  // A view that was kept from before stays: the legend goes to a corner without land, or starts folded.
  gunmane.clearLand = function (map, land) {
    if (isHidden(map)) return;
    const panel = map.gunmane.panel;
    const corner = map.project(map.getCenter(), map.getZoom()).subtract(map.getSize().divideBy(2));
    const isFree = (option) => !hides(option.box, corner, map.getZoom(), land);
    const options = optionsOf(map, panel);
    const free = options.find((option) => option.corner === panel.corner && isFree(option)) || options.find(isFree);
    if (free) panel.moveLegend(free.corner);
    else panel.legend.open = false;
  };

  // Every corner for the legend, with more or less of the map's side or height left free for it.
  function optionsOf(map, panel) {
    const size = map.getSize();
    const width = panel.legend.offsetWidth;
    const height = panel.legend.offsetHeight;
    const top = panel.band.offsetHeight + MARGIN_PX;
    const bottom = panel.foot.offsetHeight + MARGIN_PX;
    const options = [];
    for (const corner of CORNERS) {
      const isLeft = corner.endsWith("left");
      const isTop = corner.startsWith("top");
      const left = isLeft ? MARGIN_PX : size.x - MARGIN_PX - width;
      const high = isTop ? top + (isLeft ? ZOOM_BUTTONS_PX : 0)
        : size.y - bottom - height - (isLeft ? 0 : SCALE_BAR_PX);
      const box = [left, high, left + width, high + height];
      const free = SHARES.flatMap((share) => [[share * (width + MARGIN_PX), 0], [0, share * (height + MARGIN_PX)]]);
      for (const [beside, along] of free) {
        const topLeft = [MARGIN_PX + (isLeft ? beside : 0), top + (isTop ? along : 0)];
        const bottomRight = [MARGIN_PX + (isLeft ? 0 : beside), bottom + (isTop ? 0 : along)];
        options.push({ corner, box, padding: { paddingTopLeft: topLeft, paddingBottomRight: bottomRight } });
      }
    }
    return options;
  }

  // Whether a box of the screen lies on a corner point of the land; `corner` is the screen's own, in pixels.
  function hides(box, corner, zoom, land) {
    const world = Math.pow(2, zoom);
    const [west, north, east, south] = box.map((side, k) => (side + (k % 2 ? corner.y : corner.x)) / world);
    return land.some((place) => place.parts.some((part) => {
      for (let k = 0; k < part.length; k += 2) {
        if (part[k] > west && part[k] < east && part[k + 1] > north && part[k + 1] < south) return true;
      }
      return false;
    }));
  }
})();
