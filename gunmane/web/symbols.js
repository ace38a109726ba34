// How a style looks on a canvas: hatchings, symbols of points, swatches of the legend.
(function () {
  "use strict";

  const gunmane = window.gunmane;
  const TILE_PX = 8;
  const hatchings = new Map();

  const STROKES = {
    slash: ["M-2,2 L2,-2 M0,8 L8,0 M6,10 L10,6"],
    backslash: ["M-2,6 L2,10 M0,0 L8,8 M6,-2 L10,2"],
    cross: ["M-2,2 L2,-2 M0,8 L8,0 M6,10 L10,6 M-2,6 L2,10 M0,0 L8,8 M6,-2 L10,2"],
    horizontal: ["M0,4 L8,4"],
    vertical: ["M4,0 L4,8"],
    grid: ["M0,4 L8,4 M4,0 L4,8"],
  };

  // A tile that repeats: the colour of the area with dark lines or dots over it.
  function hatchingTile(style) {
    const tile = document.createElement("canvas");
    const scale = 2;
    tile.width = tile.height = TILE_PX * scale;
    const pen = tile.getContext("2d");
    pen.scale(scale, scale);
    pen.globalAlpha = style.o;
    pen.fillStyle = style.f;
    pen.fillRect(0, 0, TILE_PX, TILE_PX);
    pen.globalAlpha = 0.6;
    pen.fillStyle = pen.strokeStyle = "#1F2933";
    pen.lineWidth = 0.9;
    if (style.p === "dots") {
      pen.beginPath();
      pen.arc(4, 4, 1.3, 0, 2 * Math.PI);
      pen.fill();
    } else {
      (STROKES[style.p] || []).forEach((path) => pen.stroke(new Path2D(path)));
    }
    return tile;
  }

  // What to fill an area with; null where the style has no fill.
  gunmane.paintOf = function (pen, style) {
    if (!style.f) return null;
    if (style.p === "plain") return { paint: style.f, alpha: style.o };
    const name = [style.f, style.o, style.p].join();
    if (!hatchings.has(name)) {
      const made = pen.createPattern(hatchingTile(style), "repeat");
      made.setTransform(new DOMMatrix().scale(0.5));
      hatchings.set(name, made);
    }
    return { paint: hatchings.get(name), alpha: 1 };
  };

  const CORNERS = {
    square: [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.85], [-0.85, 0.85]],
    triangle: [[0, -1.05], [1, 0.8], [-1, 0.8]],
    diamond: [[0, -1.15], [1, 0], [0, 1.15], [-1, 0]],
    cross: [
      [-0.35, -1], [0.35, -1], [0.35, -0.35], [1, -0.35], [1, 0.35], [0.35, 0.35],
      [0.35, 1], [-0.35, 1], [-0.35, 0.35], [-1, 0.35], [-1, -0.35], [-0.35, -0.35],
    ],
    times: [
      [-0.95, -0.5], [-0.5, -0.95], [0, -0.45], [0.5, -0.95], [0.95, -0.5], [0.45, 0],
      [0.95, 0.5], [0.5, 0.95], [0, 0.45], [-0.5, 0.95], [-0.95, 0.5], [-0.45, 0],
    ],
    star: Array.from({ length: 10 }, (_, k) => {
      const reach = k % 2 ? 0.45 : 1.1;
      const angle = (k * Math.PI) / 5 - Math.PI / 2;
      return [reach * Math.cos(angle), reach * Math.sin(angle)];
    }),
  };

  gunmane.traceSymbol = function (pen, style, x, y, radius) {
    pen.beginPath();
    const corners = CORNERS[style.m];
    if (!corners) {
      pen.arc(x, y, radius, 0, 2 * Math.PI);
      return;
    }
    corners.forEach(([cx, cy], k) => (k ? pen.lineTo(x + cx * radius, y + cy * radius)
      : pen.moveTo(x + cx * radius, y + cy * radius)));
    pen.closePath();
  };

  gunmane.drawSymbol = function (pen, style, x, y, radius) {
    gunmane.traceSymbol(pen, style, x, y, radius === undefined ? style.r : radius);
    pen.fillStyle = style.f || style.c;
    pen.fill();
    if (style.c && style.w) {
      pen.strokeStyle = style.c;
      pen.lineWidth = style.w;
      pen.setLineDash([]);
      pen.stroke();
    }
  };

  // Lines become wider when one looks closer; at zoom 13 they have the width of their style.
  gunmane.widthAt = function (style, zoom) {
    if (!style.g) return style.w;
    return style.w * Math.max(0.55, Math.min(2.6, Math.pow(1.26, zoom - 13)));
  };

  gunmane.radiusAt = function (style, zoom) {
    if (!style.g) return style.r;
    return style.r * Math.max(0.6, Math.min(1.4, Math.pow(1.2, zoom - 13)));
  };

  gunmane.drawSwatch = function (canvas, style, shape) {
    const width = 28;
    const height = 18;
    const scale = Math.min(2, window.devicePixelRatio || 1);
    canvas.width = width * scale;
    canvas.height = height * scale;
    canvas.style.width = width + "px";
    canvas.style.height = height + "px";
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    if (shape === "point") {
      gunmane.drawSymbol(pen, style, width / 2, height / 2);
    } else if (shape === "line") {
      pen.lineCap = "butt";
      strokeSwatch(pen, style, [[1, height / 2], [width - 1, height / 2]]);
    } else {
      pen.beginPath();
      pen.rect(2, 2, width - 4, height - 4);
      const fill = gunmane.paintOf(pen, style);
      if (fill) {
        pen.globalAlpha = fill.alpha;
        pen.fillStyle = fill.paint;
        pen.fill();
        pen.globalAlpha = 1;
      }
      pen.strokeStyle = "#52606D";
      pen.lineWidth = 1;
      pen.stroke();
    }
  };

  function strokeSwatch(pen, style, [from, to]) {
    pen.beginPath();
    pen.moveTo(...from);
    pen.lineTo(...to);
    if (style.h && style.h !== "#FFFFFF") {
      pen.strokeStyle = style.h;
      pen.lineWidth = style.w + 2.5;
      pen.stroke();
    }
    pen.strokeStyle = style.c;
    pen.lineWidth = Math.max(1.5, style.w);
    pen.setLineDash(style.d);
    pen.stroke();
    pen.setLineDash([]);
  }
})();
