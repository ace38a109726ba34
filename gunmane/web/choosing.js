// Several places chosen at once: drawn around with the pointer, or one by one; told to the page as one list.
(function () {
  "use strict";

  const gunmane = window.gunmane;
  const LEAST_STEP_PX = 3;
  const LEAST_CORNERS = 3;

  gunmane.Choosing = class {
    constructor(map, stage) {
      this.map = map;
      this.stage = stage;
      this.kind = "";
      this.ids = new Set();
      this.serial = 0;
      this.isDrawing = false;
      this.path = null;
      this.addTools();
      this.listen();
    }

    get isOn() {
      return Boolean(this.kind);
    }

    addTools() {
      const Tools = L.Control.extend({
        options: { position: "topright" },
        onAdd: () => {
          const box = L.DomUtil.create("div", "gm-tools leaflet-bar");
          box.hidden = true;
          L.DomEvent.disableClickPropagation(box);
          return box;
        },
      });
      this.tools = new Tools().addTo(this.map).getContainer();
      this.drawButton = this.button(() => this.drawOrNot(!this.isDrawing));
      this.clearButton = this.button(() => this.take(new Set()));
      this.count = L.DomUtil.create("span", "gm-chosen", this.tools);
      this.count.setAttribute("role", "status");
    }

    button(press) {
      const made = L.DomUtil.create("button", "", this.tools);
      made.type = "button";
      made.addEventListener("click", press);
      return made;
    }

    listen() {
      const container = this.map.getContainer();
      container.addEventListener("pointerdown", (event) => this.begin(event), true);
      window.addEventListener("pointermove", (event) => this.path && this.draw(event));
      window.addEventListener("pointerup", (event) => this.path && this.end(event));
      window.addEventListener("pointercancel", () => this.path && this.leave());
      container.addEventListener("keydown", (event) => this.press(event));
    }

    // What the page has; what was chosen here after the page last heard of it stays.
    show(state, texts) {
      const told = state || { kind: "", ids: [], serial: this.serial };
      this.tools.hidden = !told.kind;
      if (this.kind !== told.kind) this.drawOrNot(false);
      this.kind = told.kind;
      if (told.serial >= this.serial) this.ids = new Set(told.ids);
      if (this.isOn) this.map.boxZoom.disable();
      else this.map.boxZoom.enable();
      this.texts = texts;
      this.write();
    }

    write() {
      if (!this.texts) return;
      this.drawButton.textContent = this.texts.draw;
      this.drawButton.title = this.texts.draw_help;
      this.drawButton.setAttribute("aria-pressed", String(this.isDrawing));
      this.clearButton.textContent = this.texts.unchoose;
      this.clearButton.disabled = !this.ids.size;
      this.count.textContent = this.texts.chosen.replace("%n", this.ids.size);
      this.map.getContainer().classList.toggle("gm-drawing", this.isDrawing);
      this.map.getContainer().dataset.chosen = this.ids.size;
    }

    drawOrNot(isDrawing) {
      this.isDrawing = isDrawing;
      if (isDrawing) this.map.dragging.disable();
      else this.map.dragging.enable();
      this.write();
    }

    // --- drawing around --------------------------------------------------------------------------
    begin(event) {
      const isMap = !event.target.closest(".leaflet-control, .gm-foot, .gm-band");
      if (!this.isOn || !isMap || event.button !== 0 || !(this.isDrawing || event.shiftKey)) return;
      this.map.dragging.disable();
      this.path = [this.map.mouseEventToContainerPoint(event)];
      event.preventDefault();
    }

    draw(event) {
      const here = this.map.mouseEventToContainerPoint(event);
      if (here.distanceTo(this.path[this.path.length - 1]) < LEAST_STEP_PX) return;
      this.path.push(here);
      this.stage.drawMarks();
    }

    end(event) {
      const path = this.path;
      this.leave();
      if (path.length < LEAST_CORNERS) return;
      // The click that ends the line is no click on a place.
      this.endedAt = event.timeStamp;
      const ring = path.flatMap((point) => {
        const { lat, lng } = this.map.containerPointToLatLng(point);
        return [gunmane.worldX(lng), gunmane.worldY(lat)];
      });
      const found = this.placesOf().filter((place) => gunmane.isInside([ring], place.at[0], place.at[1]));
      const ids = found.map((place) => place.id);
      const kept = event.altKey ? [...this.ids].filter((id) => !ids.includes(id)) : [...this.ids, ...ids];
      this.take(new Set(kept));
    }

    leave() {
      this.path = null;
      if (!this.isDrawing) this.map.dragging.enable();
      this.stage.drawMarks();
    }

    placesOf() {
      const places = this.stage.drawn().filter((source) => source.spec.kind === this.kind);
      return places.flatMap((source) => source.places);
    }

    // --- one by one ------------------------------------------------------------------------------
    // Whether a click was one of choosing, and not one of looking.
    takesClick(event, found) {
      if (!this.isOn) return false;
      const original = event.originalEvent || {};
      if (this.endedAt !== undefined && original.timeStamp - this.endedAt < 50) return true;
      if (!(original.ctrlKey || original.metaKey || original.shiftKey)) return this.isDrawing;
      this.toggle(found);
      return true;
    }

    toggle(found) {
      if (!found || found.source.spec.kind !== this.kind) return;
      const ids = new Set(this.ids);
      if (!ids.delete(found.place.id)) ids.add(found.place.id);
      this.take(ids);
    }

    press(event) {
      if (!this.isOn || event.target !== this.map.getContainer()) return;
      if (event.key === " ") {
        const middle = this.map.getSize().divideBy(2);
        this.toggle(this.stage.find(this.map.containerPointToLatLng(middle), middle));
      } else if (event.key === "l" || event.key === "L") this.drawOrNot(!this.isDrawing);
      else if (event.key === "Escape" && (this.isDrawing || this.ids.size)) {
        if (this.isDrawing) this.drawOrNot(false);
        else this.take(new Set());
      } else return;
      event.preventDefault();
    }

    take(ids) {
      this.ids = ids;
      this.serial = Date.now();
      this.write();
      this.stage.drawMarks();
      gunmane.report(this.stage, { k: "chosen", i: [...ids], l: this.kind, x: 0, y: 0 });
    }

    // The line being drawn, on the canvas of marks.
    trace(pen, toCanvas) {
      if (!this.path) return;
      pen.beginPath();
      this.path.forEach((point, k) => {
        const { x, y } = toCanvas(point);
        if (k) pen.lineTo(x, y);
        else pen.moveTo(x, y);
      });
      pen.closePath();
      pen.fillStyle = "rgba(11, 95, 255, 0.12)";
      pen.fill();
      pen.setLineDash([6, 4]);
      pen.strokeStyle = "#0B5FFF";
      pen.lineWidth = 2;
      pen.stroke();
      pen.setLineDash([]);
    }
  };
})();
