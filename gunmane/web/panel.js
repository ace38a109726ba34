// What stands around the map: legend with switches, the band over sample data, the foot, the text at the pointer.
// Every word is put in as text, never as markup.
(function () {
  "use strict";

  const gunmane = window.gunmane;

  function element(tag, className, parent, text) {
    const made = L.DomUtil.create(tag, className, parent);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  const LOW_MAP_PX = 380;
  const ZOOM_AND_MARGINS_PX = 118;
  const LEGEND_LOWEST_PX = 90;

  gunmane.Panel = class {
    constructor(map, stage) {
      this.map = map;
      this.stage = stage;
      const container = map.getContainer();
      this.band = element("div", "gm-band", container);
      this.band.setAttribute("role", "note");
      this.foot = element("div", "gm-foot", container);
      this.tip = element("div", "gm-tip", container);
      this.tip.setAttribute("role", "tooltip");
      this.news = element("div", "gm-news", container);
      this.news.setAttribute("aria-live", "polite");
      this.busy = element("div", "gm-busy", container);
      this.busy.setAttribute("role", "status");
      element("div", "gm-middle", container).setAttribute("aria-hidden", "true");
      this.addZoom();
      this.addLegend();
      L.control.scale({ imperial: false, maxWidth: 150, position: "bottomright" }).addTo(map);
      this.listen();
      const watch = new ResizeObserver(() => this.makeRoom());
      watch.observe(this.band);
      watch.observe(this.foot);
    }

    addZoom() {
      this.zoom = L.control.zoom({ position: "topleft" }).addTo(this.map);
    }

    addLegend() {
      const Legend = L.Control.extend({
        options: { position: "bottomleft" },
        onAdd: () => {
          const box = L.DomUtil.create("details", "gm-legend leaflet-bar");
          // On a low map the land needs the room; a press on its title opens it.
          box.open = this.map.getContainer().clientHeight >= LOW_MAP_PX;
          L.DomEvent.disableClickPropagation(box);
          L.DomEvent.disableScrollPropagation(box);
          return box;
        },
      });
      this.legendControl = new Legend().addTo(this.map);
      this.legend = this.legendControl.getContainer();
    }

    moveLegend(corner) {
      if (this.corner === corner) return;
      this.corner = corner;
      const isOpen = this.legend.open;
      const content = [...this.legend.childNodes];
      this.legendControl.setPosition(corner);
      this.legend = this.legendControl.getContainer();
      this.legend.append(...content);
      this.legend.open = isOpen;
    }

    listen() {
      this.map.on("gunmane:hover", ({ found, pointer }) => this.showTip(found, pointer));
      this.map.on("gunmane:pick", ({ found }) => {
        this.news.textContent = found ? this.texts.picked + ": " + wordsOf(found.place) : "";
      });
      this.map.on("gunmane:state", ({ isBusy, hasFailed }) => {
        if (!this.texts) return;
        clearTimeout(this.busyTimer);
        const words = hasFailed ? this.texts.failed : this.texts.loading;
        // A short wait is not worth a word.
        if (!isBusy && !hasFailed) this.busy.textContent = "";
        else this.busyTimer = setTimeout(() => (this.busy.textContent = words), 300);
      });
      this.map.getContainer().addEventListener("keydown", (event) => {
        if (event.target !== this.map.getContainer()) return;
        if (event.key === "Enter") {
          const middle = this.map.getSize().divideBy(2);
          this.stage.pick(this.map.containerPointToLatLng(middle), middle);
        }
      });
    }

    show(state) {
      this.texts = state.texts;
      const container = this.map.getContainer();
      container.setAttribute("lang", state.lang);
      container.setAttribute("role", "application");
      container.setAttribute("aria-label", state.texts.label);
      this.nameButton(".leaflet-control-zoom-in", state.texts.zoom_in);
      this.nameButton(".leaflet-control-zoom-out", state.texts.zoom_out);
      this.band.textContent = state.band;
      this.band.hidden = !state.band;
      this.showFoot(state);
      const drawn = JSON.stringify([state.texts.legend, state.layers.map((s) => [s.name, s.title, s.legend])]);
      if (drawn !== this.legendDrawn) this.showLegend(state);
      this.legendDrawn = drawn;
    }

    // The controls of Leaflet keep clear of the band and the foot, whenever these change their height.
    makeRoom() {
      const container = this.map.getContainer();
      const taken = this.band.offsetHeight + this.foot.offsetHeight + ZOOM_AND_MARGINS_PX;
      const high = Math.max(LEGEND_LOWEST_PX, container.clientHeight - taken);
      container.style.setProperty("--gm-band", this.band.offsetHeight + "px");
      container.style.setProperty("--gm-foot", this.foot.offsetHeight + "px");
      container.style.setProperty("--gm-legend", high + "px");
      this.map.fire("gunmane:room");
    }

    nameButton(selector, words) {
      const button = this.map.getContainer().querySelector(selector);
      button.title = words;
      button.setAttribute("aria-label", words);
    }

    showFoot(state) {
      const drawn = JSON.stringify([state.note, state.sources, state.texts.sources]);
      if (drawn === this.footDrawn) return;
      this.footDrawn = drawn;
      this.foot.textContent = "";
      this.foot.hidden = !state.note && !state.sources.length;
      if (state.note) element("div", "gm-note", this.foot, state.note);
      if (!state.sources.length) return;
      const credits = element("details", "gm-sources", this.foot);
      element("summary", "", credits, state.texts.sources + ": " + state.sources.join(" / "));
      const list = element("ul", "", credits);
      state.sources.forEach((source) => element("li", "", list, source));
      L.DomEvent.disableClickPropagation(this.foot);
    }

    showLegend(state) {
      const focused = document.activeElement && document.activeElement.dataset.layer;
      const top = this.legend.scrollTop;
      this.legend.textContent = "";
      element("summary", "", this.legend, state.texts.legend);
      inReadingOrder(state.layers.filter((spec) => spec.switchable)).forEach((spec) => this.addSwitch(spec));
      this.legend.scrollTop = top;
      const again = focused && this.legend.querySelector('[data-layer="' + CSS.escape(focused) + '"]');
      if (again) again.focus();
    }

    addSwitch(spec) {
      const block = element("div", "gm-layer", this.legend);
      const line = element("label", "gm-switch", block);
      const box = element("input", "", line);
      box.type = "checkbox";
      box.checked = this.stage.isOn(spec);
      box.dataset.layer = spec.name;
      box.addEventListener("change", () => this.stage.turn(spec.name, box.checked));
      const isSingle = spec.legend.length === 1;
      if (isSingle) this.addSwatch(spec.legend[0], line);
      element("span", "", line, spec.title);
      if (isSingle || !spec.legend.length) return;
      const list = element("ul", "gm-rows", block);
      for (const row of spec.legend) {
        const item = element("li", "", list);
        this.addSwatch(row, item);
        element("span", "", item, row.text);
      }
    }

    addSwatch(row, parent) {
      const swatch = element("canvas", "gm-swatch", parent);
      swatch.setAttribute("aria-hidden", "true");
      gunmane.drawSwatch(swatch, row.style, row.shape);
    }

    showTip(found, pointer) {
      this.map.getContainer().classList.toggle("gm-over", Boolean(found));
      const words = found && wordsOf(found.place);
      if (!words || !pointer) {
        this.tip.style.display = "none";
        return;
      }
      this.tip.textContent = words;
      this.tip.style.display = "block";
      const size = this.map.getSize();
      const at = pointer.containerPoint;
      const left = Math.min(at.x + 14, size.x - this.tip.offsetWidth - 6);
      const isLow = at.y + 18 + this.tip.offsetHeight > size.y - this.foot.offsetHeight;
      const above = at.y - this.tip.offsetHeight - 10;
      this.tip.style.left = Math.max(4, left) + "px";
      this.tip.style.top = (isLow ? above : at.y + 16) + "px";
    }
  };

  // The plan first, then from the top of the map down, the ground last.
  function inReadingOrder(specs) {
    const isPlan = (spec) => spec.kind === "unit" || spec.kind === "bundle";
    const isGround = (spec) => spec.name.startsWith("ground.");
    const others = specs.filter((spec) => !isPlan(spec) && !isGround(spec)).reverse();
    return [...specs.filter(isPlan), ...others, ...specs.filter(isGround)];
  }

  function wordsOf(place) {
    return place.tip || place.label || "";
  }
})();
