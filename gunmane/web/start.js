// The three doors that the page's script opens: open a map, show layers, tell the page what was picked.
(function () {
  "use strict";

  const gunmane = window.gunmane;
  const LAND = "ground.land";
  const MARGIN_PX = 10;
  const LEGEND_CORNERS = ["bottomleft", "bottomright", "topright"];
  const folder = document.currentScript.src.replace(/[^/]*$/, "");
  L.Icon.Default.imagePath = folder + "images/";

  // Look at the bounds, or where this tab last looked under the same name.
  gunmane.open = function (map, opening) {
    map.gunmane = { isPlaced: false, isTouched: false };
    const bounds = L.latLngBounds(opening.bounds);
    const memory = opening.view_name && "gunmane-view:" + opening.view_name;
    const place = function () {
      const size = map.getSize();
      if (map.gunmane.isPlaced || !size.x || !size.y) return;
      map.gunmane.isPlaced = true;
      const kept = memory && recall(memory);
      map.gunmane.isTouched = Boolean(kept);
      map.gunmane.corner = (kept && kept.corner) || LEGEND_CORNERS[0];
      if (kept) map.setView([kept.lat, kept.lng], kept.zoom, { animate: false });
      else map.fitBounds(bounds, { animate: false, padding: [12, 12] });
    };
    place();
    // A map in a hidden tab has no size until it is shown.
    new ResizeObserver(() => {
      map.invalidateSize({ pan: false });
      place();
    }).observe(map.getContainer());
    map.gunmane.stage = new gunmane.Stage(map);
    map.gunmane.panel = new gunmane.Panel(map, map.gunmane.stage);
    map.gunmane.panel.moveLegend(map.gunmane.corner || LEGEND_CORNERS[0]);
    for (const touch of ["mousedown", "wheel", "keydown", "touchstart"]) {
      map.getContainer().addEventListener(touch, () => (map.gunmane.isTouched = true), { capture: true, passive: true });
    }
    map.on("gunmane:ready", ({ source }) => {
      if (source.spec.name !== LAND || map.gunmane.isTouched) return;
      whenStyled(map, () => {
        if (map.gunmane.isTouched) return;
        map.gunmane.isTouched = true;
        gunmane.clearOfPanels(map, bounds, source.places);
      });
    });
    if (memory) map.on("moveend", () => map.gunmane.isTouched && remember(memory, map));
  };

  // The page adds the style sheets without waiting for them; sizes can be trusted once they are in force.
  function whenStyled(map, then, tries = 120) {
    const own = getComputedStyle(document.body).getPropertyValue("--gm-styled");
    const leaflet = getComputedStyle(map.getPane("mapPane")).position === "absolute";
    if ((own && leaflet) || !tries) then();
    else requestAnimationFrame(() => whenStyled(map, then, tries - 1));
  }

  // Fit the bounds between band and foot, with the legend in a corner where it covers no land; where every
  // corner has land, leave room for the legend beside or below.
  gunmane.clearOfPanels = function (map, bounds, land) {
    const panel = map.gunmane.panel;
    const top = panel.band.offsetHeight + MARGIN_PX;
    const bottom = panel.foot.offsetHeight + MARGIN_PX;
    const fit = (left, below) =>
      map.fitBounds(bounds, {
        animate: false,
        paddingTopLeft: [left, top],
        paddingBottomRight: [MARGIN_PX, below],
      });
    fit(MARGIN_PX, bottom);
    const legend = panel.legend;
    for (const corner of LEGEND_CORNERS) {
      panel.moveLegend(corner);
      if (!covers(map, legend, land)) return;
    }
    panel.moveLegend(LEGEND_CORNERS[0]);
    const beside = [legend.offsetWidth + 2 * MARGIN_PX, bottom];
    const above = [MARGIN_PX, legend.offsetHeight + bottom + MARGIN_PX];
    const zoomOf = ([left, below]) => map.getBoundsZoom(bounds, false, L.point(left + MARGIN_PX, below + top));
    fit(...(zoomOf(beside) >= zoomOf(above) ? beside : above));
  };

  function covers(map, panel, places) {
    const outer = map.getContainer().getBoundingClientRect();
    const inner = panel.getBoundingClientRect();
    const world = Math.pow(2, map.getZoom());
    const origin = map.getPixelBounds().min;
    const box = [inner.left - outer.left, inner.top - outer.top, inner.right - outer.left, inner.bottom - outer.top]
      .map((side, k) => (side + (k % 2 ? origin.y : origin.x)) / world);
    return places.some((place) => place.parts.some((part) => {
      for (let k = 0; k < part.length; k += 2) {
        if (part[k] > box[0] && part[k] < box[2] && part[k + 1] > box[1] && part[k + 1] < box[3]) return true;
      }
      return false;
    }));
  }

  function recall(name) {
    try {
      return JSON.parse(sessionStorage.getItem(name));
    } catch (fault) {
      return null;
    }
  }

  function remember(name, map) {
    const { lat, lng } = map.getCenter();
    const corner = map.gunmane.panel.corner;
    try {
      sessionStorage.setItem(name, JSON.stringify({ lat, lng, zoom: map.getZoom(), corner }));
    } catch (fault) {
      // A browser that keeps nothing only forgets the view.
    }
  }

  // All layers of a map as one Leaflet layer; taking one stack away and adding the next changes only the difference.
  gunmane.LayerStack = L.Layer.extend({
    initialize: function (state) {
      this.state = state;
    },

    onAdd: function (map) {
      map.gunmane.panel.show(this.state);
      map.gunmane.stage.show(this.state, this);
    },

    onRemove: function (map) {
      const stage = map.gunmane.stage;
      if (stage.stack === this) stage.stack = null;
      setTimeout(() => stage.stack || stage.clear(), 0);
    },
  });

  gunmane.layers = function (state) {
    return new gunmane.LayerStack(state);
  };

  // The page reads the text of a clicked object's tooltip; ours is an address-safe record, never markup.
  gunmane.report = function (stage, what, latlng) {
    const stack = stage.stack;
    if (!stack) return;
    const record = encodeURIComponent(JSON.stringify({ ...what, n: Date.now() }));
    stack._tooltip = { _content: record, getContent: () => record };
    stack.fire("click", { latlng: latlng || stage.map.getCenter() });
  };
})();
