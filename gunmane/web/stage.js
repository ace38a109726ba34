// The one canvas of a map: draws every layer, finds what lies under the pointer, marks what is picked.
(function () {
  "use strict";

  const gunmane = window.gunmane;
  const LINES_A_STROKE = 400;
  const REACH_PX = 5;
  const DOT_PX = 3;
  const BIG_SYMBOL_PX = 8;
  const LOAD_DELAY_MS = 60;
  const FOCUS_ZOOM = 11.5;

  gunmane.Stage = L.Renderer.extend({
    options: { padding: 0.2 },

    initialize: function (map) {
      L.Renderer.prototype.initialize.call(this, {});
      this.map = map;
      this.sources = [];
      this.leaving = new Map();
      this.switched = {};
      this.hovered = null;
      this.selected = null;
      this.written = [];
      this.stack = null;
      map.addLayer(this);
      map.on("moveend", () => this.loadSoon());
      map.on("mousemove", (event) => this.hoverSoon(event));
      map.on("mouseout movestart", () => this.hover(null));
      map.on("click", (event) => this.click(event));
    },

    // --- what Leaflet asks of a renderer ---------------------------------------------------------
    _initContainer: function () {
      this._container = L.DomUtil.create("div", "gm-stage");
      this.canvas = L.DomUtil.create("canvas", "", this._container);
      this.marks = L.DomUtil.create("canvas", "", this._container);
    },

    _destroyContainer: function () {
      L.DomUtil.remove(this._container);
    },

    _updatePaths: function () {},

    _update: function () {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize();
      L.DomUtil.setPosition(this._container, this._bounds.min);
      this.scale = Math.min(2, window.devicePixelRatio || 1);
      for (const canvas of [this.canvas, this.marks]) {
        canvas.width = size.x * this.scale;
        canvas.height = size.y * this.scale;
        canvas.style.width = size.x + "px";
        canvas.style.height = size.y + "px";
      }
      this.redraw();
    },

    // --- layers ----------------------------------------------------------------------------------
    // Take over the layers of a plan; what is already here under the same address stays as it is.
    show: function (state, stack) {
      const before = new Map(this.sources.map((source) => [source.url, source]));
      const gone = new Map(this.sources.map((source) => [source.spec.name, source]));
      this.stack = stack;
      this.sources = state.layers.map((spec) => {
        const known = before.get(spec.url);
        if (!known) return new gunmane.Source(spec, this);
        before.delete(spec.url);
        known.take(spec);
        return known;
      });
      before.forEach((source) => source.stop());
      // Until a changed layer has arrived, its predecessor stays in sight.
      this.leaving = new Map();
      for (const source of this.sources) {
        const old = gone.get(source.spec.name);
        if (!source.isReady && old && old !== source && old.isReady) this.leaving.set(source, old);
      }
      this.named = state.focus && Array.isArray(state.focus[1]) ? new Set(state.focus[1]) : null;
      this.focusKind = state.focus && state.focus[0];
      if (state.focus) this.goTo(...state.focus);
      if (state.selected) this.selected = { kind: state.selected[0], id: state.selected[1] };
      this.load();
      this.redrawSoon();
    },

    // Go to a place, or to several, once for every number; they may still be on their way.
    goTo: function (kind, id, number) {
      if (this.focused === undefined) this.focused = 0;
      if (number <= this.focused) return;
      const ids = new Set([].concat(id));
      const boxes = this.sources
        .filter((source) => source.spec.kind === kind && source.isReady)
        .flatMap((source) => source.places.filter((one) => ids.has(one.id)).map((one) => one.box));
      if (!boxes.length) {
        this.map.once("gunmane:ready", () => this.goTo(kind, id, number));
        return;
      }
      this.focused = number;
      const corner = (x, y) => this.map.unproject([x, y], 0);
      const [west, north] = [0, 1].map((side) => Math.min(...boxes.map((box) => box[side])));
      const [east, south] = [2, 3].map((side) => Math.max(...boxes.map((box) => box[side])));
      this.map.gunmane.isTouched = true;
      this.map.fitBounds(L.latLngBounds(corner(west, north), corner(east, south)), { maxZoom: FOCUS_ZOOM, padding: [60, 60] });
    },

    clear: function () {
      this.sources.forEach((source) => source.stop());
      this.sources = [];
      this.leaving = new Map();
      this.redraw();
    },

    isOn: function (spec) {
      return spec.name in this.switched ? this.switched[spec.name] : spec.visible;
    },

    turn: function (name, isOn) {
      this.switched[name] = isOn;
      this.load();
      this.redrawSoon();
    },

    loadSoon: function () {
      clearTimeout(this.loadTimer);
      this.loadTimer = setTimeout(() => this.load(), LOAD_DELAY_MS);
    },

    load: function () {
      this.waiting = gunmane.isUnframed(this.map);
      const wanted = this.sources.filter((source) => this.isOn(source.spec));
      wanted.filter((source) => !source.spec.by_view || !this.waiting).forEach((source) => source.refresh());
      this.showBusy();
    },

    sourceIsReady: function (source) {
      this.leaving.delete(source);
      this.map.fire("gunmane:ready", { source });
      this.showBusy();
      this.redrawSoon();
    },

    sourceHasFailed: function (source, isLost) {
      this.showBusy();
      if (isLost) gunmane.report(this, { k: "lost" });
    },

    showBusy: function () {
      const isWaiting = this.waiting && this.sources.some((source) => source.spec.by_view && this.isOn(source.spec));
      const isBusy = isWaiting || this.sources.some((source) => source.isLoading);
      const hasFailed = this.sources.some((source) => source.hasFailed);
      this.map.getContainer().dataset.busy = isBusy ? "yes" : "no";
      this.map.fire("gunmane:state", { isBusy, hasFailed });
    },

    // --- drawing ---------------------------------------------------------------------------------
    redrawSoon: function () {
      if (this.redrawFrame) return;
      this.redrawFrame = requestAnimationFrame(() => {
        this.redrawFrame = null;
        this.redraw();
      });
    },

    // World coordinates of zoom 0 -> pixels of the canvas, and what of the world the canvas shows.
    frame: function () {
      const zoom = this._zoom;
      const factor = Math.pow(2, zoom);
      const origin = this._map.getPixelOrigin().add(this._bounds.min);
      const size = this._bounds.getSize();
      const x0 = origin.x / factor;
      const y0 = origin.y / factor;
      return { zoom, factor, origin, box: [x0, y0, x0 + size.x / factor, y0 + size.y / factor] };
    },

    penOn: function (canvas) {
      const pen = canvas.getContext("2d");
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.scale(this.scale, this.scale);
      pen.lineJoin = "round";
      return pen;
    },

    drawn: function () {
      return this.sources
        .filter((source) => this.isOn(source.spec))
        .map((source) => this.leaving.get(source) || source)
        .filter((source) => source.isReady);
    },

    redraw: function () {
      if (!this._map || !this._bounds || this._map._animatingZoom) return;
      const started = performance.now();
      const frame = this.frame();
      const pen = this.penOn(this.canvas);
      const sources = this.drawn();
      sources.forEach((source) => this.drawSource(pen, source, frame));
      this.written = this.drawLabels(pen, sources, frame);
      this.drawMarks();
      this._map.getContainer().dataset.drawMs = (performance.now() - started).toFixed(0);
    },

    drawSource: function (pen, source, frame) {
      source.groups.forEach((group, row) => {
        const style = source.spec.styles[row];
        if (!style || frame.zoom < style.z) return;
        const inView = (place) => gunmane.boxesMeet(place.box, frame.box);
        this.drawAreas(pen, group[gunmane.AREA].filter(inView), style, frame);
        this.drawLines(pen, group[gunmane.LINE].filter(inView), style, frame);
        const radius = gunmane.radiusAt(style, frame.zoom);
        for (const place of group[gunmane.POINT].filter(inView)) {
          for (const part of place.parts) {
            const x = part[0] * frame.factor - frame.origin.x;
            const y = part[1] * frame.factor - frame.origin.y;
            gunmane.drawSymbol(pen, style, x, y, radius);
          }
        }
      });
    },

    drawAreas: function (pen, places, style, frame) {
      const fill = gunmane.paintOf(pen, style);
      for (const place of places) {
        const widest = Math.max(place.box[2] - place.box[0], place.box[3] - place.box[1]) * frame.factor;
        if (widest < DOT_PX && fill) {
          const x = place.at[0] * frame.factor - frame.origin.x;
          const y = place.at[1] * frame.factor - frame.origin.y;
          pen.fillStyle = style.f;
          pen.fillRect(x - DOT_PX / 2, y - DOT_PX / 2, DOT_PX, DOT_PX);
          continue;
        }
        if (!fill) continue;
        pen.beginPath();
        place.parts.forEach((part) => trace(pen, part, frame, true));
        pen.globalAlpha = fill.alpha;
        pen.fillStyle = fill.paint;
        pen.fill("evenodd");
        pen.globalAlpha = 1;
      }
      if (style.c && style.w) this.drawLines(pen, places, style, frame);
    },

    drawLines: function (pen, places, style, frame) {
      const width = gunmane.widthAt(style, frame.zoom);
      const passes = style.h && width > 1.2 ? [[style.h, width + 2, []]] : [];
      passes.push([style.c, width, style.d]);
      for (const [colour, weight, dash] of passes) {
        pen.strokeStyle = colour;
        pen.lineWidth = weight;
        pen.setLineDash(dash);
        for (let start = 0; start < places.length; start += LINES_A_STROKE) {
          pen.beginPath();
          for (const place of places.slice(start, start + LINES_A_STROKE)) {
            const isClosed = place.shape === gunmane.AREA;
            place.parts.forEach((part) => trace(pen, part, frame, isClosed));
          }
          pen.stroke();
        }
      }
      pen.setLineDash([]);
    },

    drawLabels: function (pen, sources, frame) {
      const ground = this.groundOf(sources, frame);
      const written = [];
      const spotOf = (place) => [
        place.at[0] * frame.factor - frame.origin.x,
        place.at[1] * frame.factor - frame.origin.y,
      ];
      const rank = (source) => (source.spec.styles.some((style) => style.l === "plate") ? 0 : 1);
      const order = sources.slice().reverse().sort((a, b) => rank(a) - rank(b));
      for (const source of order) {
        const styles = source.spec.styles;
        const places = source.labelled.filter((place) => {
          const [x, y] = place.at;
          const isIn = x >= frame.box[0] && x <= frame.box[2] && y >= frame.box[1] && y <= frame.box[3];
          return isIn && styles[place.style] && frame.zoom >= styles[place.style].z;
        });
        for (const label of gunmane.writeLabels(pen, places, styles, spotOf, ground)) {
          written.push({ source, ...label });
        }
      }
      return written;
    },

    // What words keep off: large symbols and whatever stands around the map; small bases where they can.
    groundOf: function (sources, frame) {
      const ground = { taken: this.panelBoxes(), written: [], symbols: [], view: null };
      const corner = this._map.containerPointToLayerPoint([0, 0]).subtract(this._bounds.min);
      const size = this._map.getSize();
      ground.view = [corner.x + 4, corner.y + 4, corner.x + size.x - 4, corner.y + size.y - 4];
      for (const source of sources) {
        source.groups.forEach((group, row) => {
          const style = source.spec.styles[row];
          if (!style || frame.zoom < style.z) return;
          const isLarge = style.r >= BIG_SYMBOL_PX;
          if (!isLarge && source.spec.kind !== "bundle") return;
          for (const place of group[gunmane.POINT]) {
            const x = place.at[0] * frame.factor - frame.origin.x;
            const y = place.at[1] * frame.factor - frame.origin.y;
            (isLarge ? ground.taken : ground.symbols).push([x - style.r, y - style.r, x + style.r, y + style.r]);
          }
        });
      }
      return ground;
    },

    // Legend, band, foot and buttons, in pixels of the canvas.
    panelBoxes: function () {
      const container = this._map.getContainer();
      const home = container.getBoundingClientRect();
      const corner = this._map.containerPointToLayerPoint([0, 0]).subtract(this._bounds.min);
      const panels = container.querySelectorAll(".gm-band, .gm-foot, .gm-legend, .leaflet-control-zoom");
      return [...panels].map((panel) => {
        const box = panel.getBoundingClientRect();
        const left = box.left - home.left + corner.x;
        const top = box.top - home.top + corner.y;
        return [left, top, left + box.width, top + box.height];
      });
    },

    // What the pointer is on and what is picked, on a canvas of its own above the map.
    drawMarks: function () {
      const pen = this.penOn(this.marks);
      const frame = this.frame();
      const marked = [];
      if (this.selected) {
        for (const source of this.drawn()) {
          if (source.spec.kind !== this.selected.kind) continue;
          const found = source.places.filter((place) => place.id === this.selected.id);
          marked.push(...found.map((place) => [source, place, 3.5]));
        }
      }
      const choosing = this.map.gunmane.choosing;
      if (choosing && choosing.ids.size) {
        for (const source of this.drawn()) {
          if (source.spec.kind !== choosing.kind) continue;
          const chosen = source.places.filter((place) => choosing.ids.has(place.id));
          chosen.forEach((place) => shade(pen, place, frame));
          marked.push(...chosen.map((place) => [source, place, 2.5]));
        }
      }
      if (this.named) {
        for (const source of this.drawn()) {
          if (source.spec.kind !== this.focusKind) continue;
          const named = source.places.filter((place) => this.named.has(place.id));
          marked.push(...named.map((place) => [source, place, 1.5]));
        }
      }
      if (this.hovered) marked.push([this.hovered.source, this.hovered.place, 2]);
      marked.forEach(([source, place, weight]) => mark(pen, source.spec.styles[place.style], place, weight, frame));
      const corner = this._map.containerPointToLayerPoint([0, 0]).subtract(this._bounds.min);
      if (choosing) choosing.trace(pen, (point) => point.add(corner));
    },

    // --- pointer ---------------------------------------------------------------------------------
    find: function (latlng, containerPoint) {
      const onCanvas = this._map.containerPointToLayerPoint(containerPoint).subtract(this._bounds.min);
      const spot = [onCanvas.x, onCanvas.y, onCanvas.x, onCanvas.y];
      const label = this.written.find((one) => one.source.spec.kind && gunmane.boxesMeet(one.box, spot));
      if (label) return { source: label.source, place: label.place };
      const x = gunmane.worldX(latlng.lng);
      const y = gunmane.worldY(latlng.lat);
      const sources = this.drawn().filter((source) => source.spec.kind).reverse();
      for (const shape of [gunmane.POINT, gunmane.LINE, gunmane.AREA]) {
        for (const source of sources) {
          const place = this.findIn(source, shape, x, y);
          if (place) return { source, place };
        }
      }
      return null;
    },

    findIn: function (source, shape, x, y) {
      const zoom = this._map.getZoom();
      const world = Math.pow(2, zoom);
      for (let row = source.groups.length - 1; row >= 0; row--) {
        const style = source.spec.styles[row];
        if (!source.groups[row] || !style || zoom < style.z || (shape === gunmane.AREA && !style.f)) continue;
        const px = shape === gunmane.POINT ? gunmane.radiusAt(style, zoom) + 2 : gunmane.widthAt(style, zoom) / 2 + REACH_PX;
        const places = source.groups[row][shape].filter((place) => place.id !== undefined);
        for (let k = places.length - 1; k >= 0; k--) {
          if (gunmane.isUnder(places[k], x, y, px / world)) return places[k];
        }
      }
      return null;
    },

    hoverSoon: function (event) {
      this.pointer = event;
      if (this.hoverFrame) return;
      this.hoverFrame = requestAnimationFrame(() => {
        this.hoverFrame = null;
        if (this.pointer) this.hover(this.find(this.pointer.latlng, this.pointer.containerPoint));
      });
    },

    hover: function (found) {
      if (!found) this.pointer = null;
      const isSame = (this.hovered && this.hovered.place) === (found && found.place);
      this.hovered = found;
      this._map.fire("gunmane:hover", { found, pointer: this.pointer });
      if (!isSame) this.drawMarks();
    },

    click: function (event) {
      const found = this.find(event.latlng, event.containerPoint);
      if (!this.map.gunmane.choosing.takesClick(event, found)) this.pick(event.latlng, event.containerPoint);
    },

    pick: function (latlng, containerPoint) {
      const found = this.find(latlng, containerPoint);
      if (!found && !this.selected) return;
      this.selected = found ? { kind: found.source.spec.kind, id: found.place.id } : null;
      this.drawMarks();
      this._map.fire("gunmane:pick", { found });
      if (this.map.gunmane.linking) this.map.gunmane.linking.tellPick(latlng);
      const what = found
        ? { k: found.source.spec.kind, i: found.place.id, l: found.source.spec.name }
        : { k: "none" };
      gunmane.report(this, { ...what, x: latlng.lng, y: latlng.lat }, latlng);
    },
  });

  function trace(pen, part, frame, isClosed) {
    const factor = frame.factor;
    let px = part[0] * factor - frame.origin.x;
    let py = part[1] * factor - frame.origin.y;
    pen.moveTo(px, py);
    const last = part.length - 2;
    for (let i = 2; i <= last; i += 2) {
      const x = part[i] * factor - frame.origin.x;
      const y = part[i + 1] * factor - frame.origin.y;
      // Steps below what a screen can show are left out.
      if (i !== last && Math.abs(x - px) + Math.abs(y - py) < 0.7) continue;
      pen.lineTo(x, y);
      px = x;
      py = y;
    }
    if (isClosed) pen.closePath();
  }

  // A light veil over what is chosen, so that it shows on every colour.
  function shade(pen, place, frame) {
    if (place.shape !== gunmane.AREA) return;
    pen.beginPath();
    place.parts.forEach((part) => trace(pen, part, frame, true));
    pen.fillStyle = "rgba(17, 24, 39, 0.28)";
    pen.fill("evenodd");
  }

  function mark(pen, style, place, weight, frame) {
    pen.lineJoin = "round";
    for (const [colour, more] of [["#FFFFFF", 4], ["#111827", 0]]) {
      pen.strokeStyle = colour;
      const base = place.shape === gunmane.LINE ? gunmane.widthAt(style, frame.zoom) : 0;
      pen.lineWidth = base + weight + more;
      for (const part of place.parts) {
        if (place.shape === gunmane.POINT) {
          const x = part[0] * frame.factor - frame.origin.x;
          const y = part[1] * frame.factor - frame.origin.y;
          gunmane.traceSymbol(pen, style, x, y, gunmane.radiusAt(style, frame.zoom) + 3);
        } else {
          pen.beginPath();
          trace(pen, part, frame, place.shape === gunmane.AREA);
        }
        pen.stroke();
      }
    }
  }
})();
