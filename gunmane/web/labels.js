// Words on the map: written where there is room, the upper layers first.
(function () {
  "use strict";

  const gunmane = window.gunmane;
  const FAMILY = '"Noto Sans JP", "Noto Sans CJK JP", "BIZ UDPGothic", "Yu Gothic UI", Meiryo, sans-serif';
  const KINDS = {
    plate: { font: "700 14px " + FAMILY, height: 20, pad: 5, ink: "#1F2933" },
    text: { font: "600 14px " + FAMILY, height: 19, pad: 2, ink: "#1F2933" },
    quiet: { font: "400 14px " + FAMILY, height: 19, pad: 2, ink: "#52606D" },
  };
  const SHIFTS = [[0, 0], [0, -1], [0, 1], [0.6, -0.8], [-0.6, -0.8], [0.6, 0.8], [-0.6, 0.8]];
  const LEADER_REACHES = [30, 42, 56, 72, 90, 110, 132, 156];
  const LEADERS_LONG_MAX = 40;
  const LEADER_WAYS = 24;
  const LEADER_STEP_PX = 5;
  const widths = new Map();

  function widthOf(pen, text, kind) {
    const name = kind.font + text;
    if (!widths.has(name)) {
      pen.font = kind.font;
      widths.set(name, pen.measureText(text).width);
    }
    return widths.get(name);
  }

  // Where a label may stand near its place as [left, top, right, bottom], the best first.
  function nearBoxes(x, y, width, height, symbolPx) {
    return SHIFTS.map(([sideways, down]) => {
      const clear = symbolPx && !sideways && !down ? symbolPx + height / 2 + 2 : 0;
      return boxAround(x + sideways * width, y + down * (height + symbolPx) + clear, width, height);
    });
  }

  // Where it may stand farther off, in sight, with a line that leads to its place; the nearest first.
  function farBoxes(x, y, width, height, view, farthest) {
    const boxes = [];
    for (const reach of LEADER_REACHES.filter((one) => one <= farthest)) {
      for (let k = 0; k < LEADER_WAYS; k++) {
        const angle = (2 * Math.PI * k) / LEADER_WAYS;
        const box = boxAround(x + (reach + width / 3) * Math.cos(angle), y + reach * Math.sin(angle), width, height);
        if (box[0] > view[0] && box[1] > view[1] && box[2] < view[2] && box[3] < view[3]) boxes.push(box);
      }
    }
    return boxes;
  }

  function boxAround(cx, cy, width, height) {
    return [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2];
  }

  // The line from a place to its label, as small boxes that other labels keep off.
  function leaderBoxes(x, y, box) {
    const [cx, cy] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    const steps = Math.ceil(Math.hypot(cx - x, cy - y) / LEADER_STEP_PX);
    return Array.from({ length: Math.max(steps - 1, 0) }, (_, k) => {
      const share = (k + 1) / steps;
      return boxAround(x + share * (cx - x), y + share * (cy - y), 2, 2);
    }).filter((dot) => !gunmane.boxesMeet(dot, box));
  }

  // The first free place of a label: near its spot; a boxed label else at the end of a line; {box, leader} or null.
  function spotFor(x, y, width, kind, symbolPx, ground) {
    const near = nearBoxes(x, y, width, kind.height, symbolPx);
    const isFree = (box, taken) => !taken.some((other) => gunmane.boxesMeet(box, other));
    const free = near.filter((box) => isFree(box, ground.taken));
    const best = free.find((box) => isFree(box, ground.symbols));
    // A number that left its own area says by a line which one it belongs to.
    const isArea = kind === KINDS.plate && !symbolPx;
    if (best) return { box: best, leader: isArea && best !== near[0] ? leaderBoxes(x, y, best) : [] };
    const isLed = kind === KINDS.plate && ground.view;
    for (const box of isLed ? farBoxes(x, y, width, kind.height, ground.view, ground.farthest) : []) {
      if (!isFree(box, ground.taken) || !isFree(box, ground.symbols)) continue;
      const leader = leaderBoxes(x, y, box);
      if (leader.every((dot) => isFree(dot, ground.written))) return { box, leader };
    }
    return free.length ? { box: free[0], leader: [] } : null;
  }

  // Writes the labels of one layer and returns [{box, place}], so that a click on a label finds its place.
  // `ground`: boxes `taken` that no label may meet, `written` those of labels among them, `symbols` that labels
  // meet only where nothing else is free, and the `view`.
  gunmane.writeLabels = function (pen, places, styles, spotOf, ground) {
    const written = [];
    // Very many long lines would be a tangle; what finds no place then is written once one looks closer.
    ground.farthest = places.length > LEADERS_LONG_MAX ? LEADER_REACHES[0] : Infinity;
    for (const place of places) {
      const style = styles[place.style];
      const kind = KINDS[style.l] || KINDS.text;
      const [x, y] = spotOf(place);
      const width = widthOf(pen, place.label, kind) + 2 * kind.pad;
      const found = spotFor(x, y, width, kind, place.shape === gunmane.POINT ? style.r : 0, ground);
      if (!found) continue;
      ground.taken.push(found.box, ...found.leader);
      ground.written.push(found.box, ...found.leader);
      written.push({ box: found.box, place, spot: found.leader.length ? [x, y] : null });
    }
    written.forEach(({ box, spot }) => spot && lead(pen, spot, box));
    written.forEach(({ box, place }) => {
      const style = styles[place.style];
      write(pen, place.label, KINDS[style.l] || KINDS.text, box, style.l === "plate");
    });
    return written;
  };

  function lead(pen, [x, y], box) {
    pen.setLineDash([]);
    for (const [colour, width] of [["rgba(255, 255, 255, 0.9)", 3.5], [KINDS.plate.ink, 1.2]]) {
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo((box[0] + box[2]) / 2, (box[1] + box[3]) / 2);
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.stroke();
    }
    pen.beginPath();
    pen.arc(x, y, 2.5, 0, 2 * Math.PI);
    pen.fillStyle = KINDS.plate.ink;
    pen.fill();
  }

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
