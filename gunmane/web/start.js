// The three doors that the page's script opens: open a map, show layers, tell the page what was picked.
(function () {
  "use strict";

  const gunmane = window.gunmane;
  const LAND = "ground.land";
  const folder = document.currentScript.src.replace(/[^/]*$/, "");
  L.Icon.Default.imagePath = folder + "images/";

  // Look at the bounds, or where this tab last looked under the same name.
  gunmane.open = function (map, opening) {
    // Framed is what the map chose to show, touched what the reader chose: only the latter is kept.
    map.gunmane = { isPlaced: false, isFramed: false, isTouched: false };
    const bounds = L.latLngBounds(opening.bounds);
    const memory = opening.view_name && "gunmane-view:" + opening.view_name;
    const place = function () {
      const size = map.getSize();
      if (map.gunmane.isPlaced || !size.x || !size.y) return;
      map.gunmane.isPlaced = true;
      const kept = memory && recall(memory);
      map.gunmane.isTouched = map.gunmane.isKept = Boolean(kept);
      map.gunmane.corner = (kept && kept.corner) || "bottomleft";
      if (kept) map.setView([kept.lat, kept.lng], zoomFor(kept, size), { animate: false });
      else map.fitBounds(bounds, { animate: false, padding: [12, 12] });
    };
    place();
    // A map in a hidden tab has no size until it is shown.
    new ResizeObserver(() => {
      map.invalidateSize({ pan: false });
      const size = map.getSize();
      if (!size.x || !size.y) return;
      place();
      frameAgain(map);
    }).observe(map.getContainer());
    map.gunmane.stage = new gunmane.Stage(map);
    map.gunmane.panel = new gunmane.Panel(map, map.gunmane.stage);
    map.gunmane.choosing = new gunmane.Choosing(map, map.gunmane.stage);
    if (opening.link) map.gunmane.linking = new gunmane.Linking(map, map.gunmane.stage, opening.link);
    map.gunmane.panel.moveLegend(map.gunmane.corner || "bottomleft");
    for (const touch of ["mousedown", "wheel", "keydown", "touchstart"]) {
      map.getContainer().addEventListener(touch, () => (map.gunmane.isTouched = true), { capture: true, passive: true });
    }
    map.gunmane.frame = () => {
      const subject = subjectOf(map.gunmane.stage.sources);
      if (map.gunmane.isTouched || isFollower(map) || !subject.length || !subject.every((source) => source.isReady)) return;
      map.gunmane.isFramed = true;
      gunmane.frameLand(map, bounds, subject.flatMap((source) => source.places));
    };
    map.gunmane.clear = () => {
      const subject = subjectOf(map.gunmane.stage.sources);
      if (!map.gunmane.isKept || !subject.length || !subject.every((source) => source.isReady)) return;
      map.gunmane.isKept = false;
      gunmane.clearLand(map, subject.flatMap((source) => source.places));
    };
    const begin = () => {
      map.gunmane.frame();
      map.gunmane.stage.load();
    };
    map.on("gunmane:ready", () => map.gunmane.isFramed || whenStyled(map, begin));
    map.on("gunmane:ready", () => map.gunmane.isKept && whenStyled(map, map.gunmane.clear));
    map.on("gunmane:room", () => frameAgain(map));
    if (memory) map.on("moveend", () => map.gunmane.isTouched && map.getSize().x && remember(memory, map));
  };

  // Whether the view is not yet the one that the reader will see: what hangs on it would be fetched twice.
  gunmane.isUnframed = function (map) {
    const { stage, isFramed, isTouched } = map.gunmane;
    const land = stage.sources.filter((source) => source.spec.name === LAND);
    const isComing = land.length && land.every((source) => stage.isOn(source.spec) && !source.hasFailed);
    return Boolean(isComing) && !isFramed && !isTouched && !isFollower(map);
  };

  // A linked map looks where the first one does.
  function isFollower(map) {
    return map.gunmane.linking && !map.gunmane.linking.isFirst;
  }

  // The land is framed anew when the map, its band or its foot changed their height before the reader touched it.
  function frameAgain(map) {
    if (!map.gunmane.isFramed || map.gunmane.isTouched) return;
    clearTimeout(map.gunmane.frameTimer);
    map.gunmane.frameTimer = setTimeout(map.gunmane.frame, 60);
  }

  // The zoom that shows in a smaller map what was in sight in the one before.
  function zoomFor(kept, size) {
    const ratio = Math.min(1, size.x / (kept.width || size.x), size.y / (kept.height || size.y));
    return ratio < 1 ? Math.floor((kept.zoom + Math.log2(ratio)) * 4) / 4 : kept.zoom;
  }

  // What the legend must not hide when a map opens: the towns' own land, else whatever can be clicked.
  function subjectOf(sources) {
    const land = sources.filter((source) => source.spec.name === LAND);
    return land.length ? land : sources.filter((source) => source.spec.kind);
  }

  // The page adds the style sheets without waiting for them; sizes can be trusted once they are in force.
  function whenStyled(map, then, tries = 120) {
    const own = getComputedStyle(document.body).getPropertyValue("--gm-styled");
    const leaflet = getComputedStyle(map.getPane("mapPane")).position === "absolute";
    if ((own && leaflet) || !tries) then();
    else requestAnimationFrame(() => whenStyled(map, then, tries - 1));
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
    const { x: width, y: height } = map.getSize();
    try {
      sessionStorage.setItem(name, JSON.stringify({ lat, lng, zoom: map.getZoom(), corner, width, height }));
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
      map.gunmane.choosing.show(this.state.choosing, this.state.texts);
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
