// One layer's features in the browser: fetched whole, or for the part in view; older requests are dropped.
(function () {
  "use strict";

  const gunmane = window.gunmane;
  const VIEW_MARGIN = 0.25;
  const FINEST_ZOOM = 16;

  gunmane.Source = class {
    constructor(spec, stage) {
      this.stage = stage;
      this.url = spec.url;
      this.places = [];
      this.groups = [];
      this.isReady = false;
      this.hasFailed = false;
      this.loaded = null;
      this.asked = null;
      this.request = null;
      this.take(spec);
    }

    // The same features under a new title, switch or style table.
    take(spec) {
      this.spec = spec;
    }

    get isLoading() {
      return this.request !== null;
    }

    // Fetch what the view needs and is not here or on its way.
    refresh() {
      const wanted = this.spec.by_view ? this.viewWanted() : "whole";
      if (wanted === null || this.hasFailed) return;
      if (wanted === "whole" && (this.isReady || this.isLoading)) return;
      this.stop();
      this.asked = wanted;
      this.request = new AbortController();
      this.fetch(wanted, this.request);
    }

    // The padded view to ask for; null when what is here, or under way, covers the view at its zoom.
    viewWanted() {
      const map = this.stage.map;
      const zoom = Math.min(FINEST_ZOOM, Math.round(map.getZoom()));
      const view = map.getBounds();
      const covers = (held) => held && held.zoom === zoom && held.bounds.contains(view);
      if (covers(this.loaded) || (this.isLoading && covers(this.asked))) return null;
      return { zoom, bounds: view.pad(VIEW_MARGIN) };
    }

    addressOf(wanted) {
      if (wanted === "whole") return this.url;
      const b = wanted.bounds;
      const box = [b.getWest(), Math.max(-85, b.getSouth()), b.getEast(), Math.min(85, b.getNorth())];
      return this.url + "?bbox=" + box.map((side) => side.toFixed(5)).join() + "&zoom=" + wanted.zoom;
    }

    async fetch(wanted, request) {
      this.stage.showBusy();
      try {
        const reply = await fetch(this.addressOf(wanted), { signal: request.signal, credentials: "same-origin" });
        if (!reply.ok) throw new Error(String(reply.status));
        const collection = await reply.json();
        if (request.signal.aborted) return;
        this.fill(collection);
        this.loaded = wanted === "whole" ? null : wanted;
        this.request = null;
        this.stage.sourceIsReady(this);
      } catch (fault) {
        if (request.signal.aborted) return;
        this.request = null;
        this.hasFailed = true;
        this.stage.sourceHasFailed(this, fault.message === "404");
      }
    }

    fill(collection) {
      this.places = gunmane.placesOf(collection);
      this.groups = [];
      for (const place of this.places) {
        const group = (this.groups[place.style] = this.groups[place.style] || [[], [], []]);
        group[place.shape].push(place);
      }
      this.labelled = this.places.filter((place) => place.label);
      this.isReady = true;
    }

    stop() {
      if (this.request) this.request.abort();
      this.request = null;
    }
  };
})();
