// Words on the map: written where there is room, the upper layers first.
(function () {
  "use strict";

  const gunmane = window.gunmane;
  const FAMILY = '"Noto Sans JP", "Noto Sans CJK JP", "BIZ UDPGothic", "Yu Gothic UI", Meiryo, sans-serif';
  const KINDS = {
    plate: { font: "700 15px " + FAMILY, height: 22, pad: 7, ink: "#1F2933" },
    text: { font: "600 14px " + FAMILY, height: 19, pad: 2, ink: "#1F2933" },
    quiet: { font: "400 14px " + FAMILY, height: 19, pad: 2, ink: "#52606D" },
  };
  const SHIFTS = [[0, 0], [0, -1], [0, 1], [0.6, -0.8], [-0.6, -0.8], [0.6, 0.8], [-0.6, 0.8]];
  const widths = new Map();

  function widthOf(pen, text, kind) {
    const name = kind.font + text;
    if (!widths.has(name)) {
      pen.font = kind.font;
      widths.set(name, pen.measureText(text).width);
    }
    return widths.get(name);
  }

  // The first free place near (x, y) as [left, top, right, bottom]; null where there is none.
  function freeBox(taken, x, y, width, height, symbolPx) {
    for (const [sideways, down] of SHIFTS) {
      const clear = symbolPx && !sideways && !down ? symbolPx + height / 2 + 2 : 0;
      const cx = x + sideways * width;
      const cy = y + down * (height + symbolPx) + clear;
      const box = [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2];
      if (!taken.some((other) => gunmane.boxesMeet(box, other))) return box;
    }
    return null;
  }

  // Writes the labels of one layer and returns [{box, place}], so that a click on a label finds its place.
  gunmane.writeLabels = function (pen, places, styles, spotOf, taken) {
    const written = [];
    for (const place of places) {
      const style = styles[place.style];
      const kind = KINDS[style.l] || KINDS.text;
      const [x, y] = spotOf(place);
      const width = widthOf(pen, place.label, kind) + 2 * kind.pad;
      const box = freeBox(taken, x, y, width, kind.height, place.shape === gunmane.POINT ? style.r : 0);
      if (!box) continue;
      taken.push(box);
      written.push({ box, place });
      write(pen, place.label, kind, box, style.l === "plate");
    }
    return written;
  };

  function write(pen, text, kind, box, isPlate) {
    const cx = (box[0] + box[2]) / 2;
    const cy = (box[1] + box[3]) / 2;
    pen.setLineDash([]);
    if (isPlate) {
      pen.beginPath();
      pen.roundRect(box[0], box[1], box[2] - box[0], box[3] - box[1], 5);
      pen.fillStyle = "rgba(255, 255, 255, 0.92)";
      pen.fill();
      pen.strokeStyle = kind.ink;
      pen.lineWidth = 1.2;
      pen.stroke();
    }
    pen.font = kind.font;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    if (!isPlate) {
      pen.strokeStyle = "rgba(255, 255, 255, 0.9)";
      pen.lineWidth = 3.5;
      pen.lineJoin = "round";
      pen.strokeText(text, cx, cy + 1);
    }
    pen.fillStyle = kind.ink;
    pen.fillText(text, cx, cy + 1);
  }
})();
