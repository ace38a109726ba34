// Places as the map keeps them: GeoJSON features turned once into Mercator coordinates of zoom 0.
(function () {
  "use strict";

  const gunmane = (window.gunmane = window.gunmane || {});
  const WORLD_PX = 256;
  const HEAP_LINES = 200;

  gunmane.POINT = 0;
  gunmane.LINE = 1;
  gunmane.AREA = 2;

  gunmane.worldX = function (lng) {
    return (lng / 360 + 0.5) * WORLD_PX;
  };

  gunmane.worldY = function (lat) {
    const sine = Math.sin((lat * Math.PI) / 180);
    return (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * WORLD_PX;
  };

  const SHAPES = {
    Point: [gunmane.POINT, (c) => [[c]]],
    MultiPoint: [gunmane.POINT, (c) => c.map((p) => [p])],
    LineString: [gunmane.LINE, (c) => [c]],
    MultiLineString: [gunmane.LINE, (c) => c],
    Polygon: [gunmane.AREA, (c) => c],
    MultiPolygon: [gunmane.AREA, (c) => [].concat(...c)],
  };

  // The places of a collection; lines that came joined, being too short to point at, stay in small heaps.
  gunmane.placesOf = function (collection) {
    const places = [];
    for (const feature of collection.features) {
      const geometry = feature.geometry;
      if (!geometry || !SHAPES[geometry.type]) continue;
      const [shape, split] = SHAPES[geometry.type];
      const parts = split(geometry.coordinates);
      const isHeap = feature.properties.i === undefined && shape === gunmane.LINE;
      const step = isHeap ? HEAP_LINES : parts.length;
      for (let start = 0; start < parts.length; start += step) {
        places.push(placeOf(feature.properties, shape, parts.slice(start, start + step), collection.words));
      }
    }
    return places;
  };

  // A place: {id, style, label, tip, shape, parts: [Float64Array of x, y, x, y …], box: [w, n, e, s], at: [x, y]}.
  function placeOf(seen, shape, corners, words) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    const parts = corners.map((part) => packed(part, box));
    const hasSpot = seen.x !== undefined && seen.y !== undefined;
    const at = hasSpot
      ? [gunmane.worldX(seen.x), gunmane.worldY(seen.y)]
      : [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    const about = seen.a === undefined ? "" : words.a[seen.a];
    const tip = [seen.h, about].filter(Boolean).join("\n");
    return { id: seen.i, style: seen.s || 0, label: seen.t, tip, shape, parts, box, at };
  }

  function packed(corners, box) {
    const flat = new Float64Array(corners.length * 2);
    for (let k = 0; k < corners.length; k++) {
      const x = gunmane.worldX(corners[k][0]);
      const y = gunmane.worldY(corners[k][1]);
      flat[2 * k] = x;
      flat[2 * k + 1] = y;
      if (x < box[0]) box[0] = x;
      if (y < box[1]) box[1] = y;
      if (x > box[2]) box[2] = x;
      if (y > box[3]) box[3] = y;
    }
    return flat;
  }

  gunmane.boxesMeet = function (a, b) {
    return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
  };

  // Whether a place lies under the pointer; `reach` is a distance in world units.
  gunmane.isUnder = function (place, x, y, reach) {
    const box = place.box;
    if (x < box[0] - reach || x > box[2] + reach || y < box[1] - reach || y > box[3] + reach) return false;
    if (place.shape === gunmane.AREA) return isInside(place.parts, x, y);
    if (place.shape === gunmane.LINE) return place.parts.some((part) => isNear(part, x, y, reach));
    return place.parts.some((part) => Math.hypot(part[0] - x, part[1] - y) <= reach);
  };

  gunmane.isInside = isInside;

  function isInside(rings, x, y) {
    let inside = false;
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
        const crosses = ring[i + 1] > y !== ring[j + 1] > y;
        if (crosses && x < ((ring[j] - ring[i]) * (y - ring[i + 1])) / (ring[j + 1] - ring[i + 1]) + ring[i]) {
          inside = !inside;
        }
      }
    }
    return inside;
  }

  function isNear(line, x, y, reach) {
    const limit = reach * reach;
    for (let i = 0; i + 3 < line.length; i += 2) {
      const dx = line[i + 2] - line[i];
      const dy = line[i + 3] - line[i + 1];
      const length = dx * dx + dy * dy;
      let along = length ? ((x - line[i]) * dx + (y - line[i + 1]) * dy) / length : 0;
      along = Math.max(0, Math.min(1, along));
      const ex = line[i] + along * dx - x;
      const ey = line[i + 1] + along * dy - y;
      if (ex * ex + ey * ey <= limit) return true;
    }
    return false;
  }
})();
