// Maps of one page that are looked at together: moving, pointing and picking in one is done in the others too.
// Each map has a frame of its own, so they talk by a channel that only this page's maps know by its name.
(function () {
  "use strict";

  const gunmane = window.gunmane;
  const SAME_PX = 0.75;
  const SAME_ZOOM = 0.001;

  gunmane.Linking = class {
    constructor(map, stage, link) {
      this.map = map;
      this.stage = stage;
      // Whoever the reader works in leads; before that the first map, which frames the land for all.
      this.isFirst = link.is_first;
      this.isLeading = link.is_first;
      this.channel = new BroadcastChannel("gunmane-link:" + link.name);
      this.channel.onmessage = (event) => this.hear(event.data);
      this.listen();
      if (!link.is_first) this.say({ asks: true });
    }

    listen() {
      const container = this.map.getContainer();
      for (const touch of ["pointerdown", "wheel", "keydown", "pointerenter"]) {
        container.addEventListener(touch, () => (this.isLeading = true), { capture: true, passive: true });
      }
      this.map.on("zoomanim", ({ center, zoom }) => this.isLeading && this.sayView(center, zoom, "zooming"));
      this.map.on("move", () => this.isLeading && this.sayView(this.map.getCenter(), this.map.getZoom(), "moving"));
      this.map.on("moveend", () => this.isLeading && this.sayNow());
      this.map.on("gunmane:hover", ({ found, pointer }) => {
        if (!this.isLeading) return;
        const at = found && pointer && pointer.latlng;
        this.say({ points: at ? [at.lat, at.lng] : null });
      });
    }

    say(what) {
      this.channel.postMessage(what);
    }

    sayView({ lat, lng }, zoom, how) {
      this.say({ view: [lat, lng, zoom], how });
    }

    sayNow() {
      const { lat, lng } = this.map.getCenter();
      const isFramed = this.isFirst && !this.map.gunmane.isTouched;
      this.say({ view: [lat, lng, this.map.getZoom()], how: "there", isFramed });
    }

    // What was picked here is marked in the others; only this map tells the page.
    tellPick(latlng) {
      this.say({ picks: [latlng.lat, latlng.lng] });
    }

    hear(told) {
      if (told.asks) {
        if (this.isFirst && this.map.gunmane.isPlaced) this.sayNow();
        return;
      }
      this.isLeading = false;
      if (told.view) this.follow(told.view, told.how);
      // The land was framed for the legend of the first map; this one's may be larger and makes way.
      if (told.isFramed) {
        this.map.gunmane.isKept = true;
        this.map.gunmane.clear();
      }
      if ("points" in told) this.point(told.points);
      if (told.picks) this.markAt(told.picks);
    }

    follow([lat, lng, zoom], how) {
      const map = this.map;
      if (!map.getSize().x) return;
      map.gunmane.isPlaced = map.gunmane.isTouched = true;
      const center = L.latLng(lat, lng);
      if (how === "zooming") {
        map.setView(center, zoom, { animate: true });
        return;
      }
      if (map._animatingZoom) {
        if (how === "there") map.once("zoomend", () => this.follow([lat, lng, zoom], how));
        return;
      }
      const isSameZoom = Math.abs(map.getZoom() - zoom) < SAME_ZOOM;
      const offset = isSameZoom ? map.project(center, zoom).subtract(map.project(map.getCenter(), zoom)) : null;
      const isThere = isSameZoom && Math.abs(offset.x) < SAME_PX && Math.abs(offset.y) < SAME_PX;
      if (how === "moving") {
        // Only the pane is shifted while the other map is dragged; it is drawn anew when that comes to rest.
        if (isSameZoom && !isThere) map._rawPanBy(offset.round());
        this.isShifted = this.isShifted || (isSameZoom && !isThere);
      } else if (!isThere || this.isShifted) {
        this.isShifted = false;
        map.setView(center, zoom, { animate: false });
      }
    }

    // The same place under the pointer, with what lies there in this map.
    point(place) {
      const latlng = place && L.latLng(place[0], place[1]);
      const containerPoint = latlng && this.map.latLngToContainerPoint(latlng);
      const found = latlng && this.stage.find(latlng, containerPoint);
      this.stage.pointer = latlng ? { latlng, containerPoint } : null;
      this.stage.hover(found || null);
    }

    markAt(place) {
      const latlng = L.latLng(place[0], place[1]);
      const found = this.stage.find(latlng, this.map.latLngToContainerPoint(latlng));
      this.stage.selected = found ? { kind: found.source.spec.kind, id: found.place.id } : null;
      this.stage.drawMarks();
    }
  };
})();
