// Bars as elements, so that their words keep their size on every screen; the curve as SVG.

// A bar for each of the bins; `choose` is called with a bin's ends when its bar is clicked.
function histogram(figure, { title, unit, digits, points, low, high, bins, threshold, choose }) {
  const width = (high - low) / bins;
  const counted = Array.from({ length: bins }, () => ({ above: 0, below: 0, none: 0 }));
  for (const { value, kind } of points) {
    counted[Math.min(bins - 1, Math.max(0, Math.floor((value - low) / width + 1e-9)))][kind] += 1;
  }
  const most = Math.max(1, ...counted.map((bin) => bin.above + bin.below + bin.none));
  const bars = counted.map((bin, place) => {
    const [from, to] = [low + place * width, low + (place + 1) * width];
    const number = bin.above + bin.below + bin.none;
    const text = `${from.toFixed(digits)} to ${to.toFixed(digits)}${unit ? ` ${unit}` : ""}: ${number}`;
    const parts = ["above", "below", "none"].map((kind) => {
      const part = make("i", { class: kind });
      part.style.height = `${(100 * bin[kind]) / most}%`;
      return part;
    });
    const last = place === bins - 1;
    return make("button", { type: "button", title: text, "aria-label": text, disabled: !number, onclick: () => choose(from, to, last) }, parts);
  });
  const marks = Array.from({ length: 6 }, (_, mark) => make("span", {}, (low + (mark * (high - low)) / 5).toFixed(digits)));
  const plot = make("div", { class: "bars" }, bars);
  if (isNumber(threshold)) plot.append(line("rule across", "left", threshold, `threshold ${threshold.toFixed(2)}`));
  figure.replaceChildren(
    make("figcaption", {}, title, make("small", {}, `highest bar ${most}`)),
    plot,
    make("div", { class: "marks" }, marks),
  );
}

function line(kind, edge, share, title) {
  const element = make("i", { class: kind, title });
  element.style[edge] = `${100 * share}%`;
  return element;
}

// The probability of every slice, from 0 at the foot to 1 at the top; hollow where the slice failed its checks.
function riskStrip(study) {
  const bars = slicesOf(study).map((slice) => {
    const p = slice.dcm_probability;
    const failed = slice.quality !== "ok";
    const words = `Slice ${slice.slice + 1}: ${isNumber(p) ? `probability ${p.toFixed(2)}` : "no probability"}${failed ? `, ${slice.quality}` : ""}`;
    const bar = make("i", { class: side(p, slice.dcm_class === 1) + (failed ? " failed" : "") });
    bar.style.height = `${isNumber(p) ? Math.max(2, 100 * p) : 0}%`;
    return make("div", { class: "slice", title: words, "data-slice": slice.slice }, make("div", {}, bar), make("span", {}, slice.slice + 1));
  });
  const strip = make("div", { class: "strip", role: "img", "aria-label": `Probability of each of ${bars.length} slices` }, bars);
  if (isNumber(study.threshold)) {
    const plot = make("div", { class: "over" }, line("rule", "bottom", study.threshold, `threshold ${study.threshold.toFixed(2)}`));
    strip.append(plot);
  }
  return strip;
}

// The volume of the LV cavity over the heart beat, from zero, with end diastole and end systole.
function volumeCurve(study) {
  const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT] = [520, 190, 44, 14, 36, 14];
  const points = study.phases.filter((phase) => isNumber(phase[2]));
  if (points.length < 2) return null;
  const times = points.map((phase) => phase[1]);
  const timed = times.every((time, at) => isNumber(time) && (at === 0 || time > times[at - 1]));
  const moments = timed ? times : points.map((phase) => phase[0] + 1);
  const most = 1.1 * Math.max(1, ...points.map((phase) => phase[2]));
  const [first, last] = [moments[0], moments[moments.length - 1]];
  const x = (moment) => LEFT + ((moment - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (volume) => HEIGHT - BOTTOM - (volume / most) * (HEIGHT - TOP - BOTTOM);
  const step = [5, 10, 20, 50, 100, 200, 500].find((size) => most / size <= 5) || 1000;
  const parts = [];
  for (let volume = 0; volume <= most; volume += step) {
    parts.push(draw("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(volume), y2: y(volume) }));
    parts.push(draw("text", { x: LEFT - 8, y: y(volume) + 4, "text-anchor": "end" }, String(volume)));
  }
  const every = Math.ceil(points.length / 8);
  for (const moment of moments.filter((_, at) => at % every === 0)) {
    parts.push(draw("text", { x: x(moment), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, moment.toFixed(0)));
  }
  const middle = (LEFT + WIDTH - RIGHT) / 2;
  parts.push(draw("text", { x: middle, y: HEIGHT - 4, "text-anchor": "middle" }, timed ? "Time after the R wave (ms)" : "Phase"));
  const path = points.map((phase, at) => `${at ? "L" : "M"}${x(moments[at]).toFixed(1)} ${y(phase[2]).toFixed(1)}`).join("");
  parts.push(draw("path", { class: "curve", d: path }));
  points.forEach((phase, at) => {
    const kind = phase[3] === 1 ? "ed" : phase[4] === 1 ? "es" : "";
    const words = `Phase ${phase[0] + 1}${timed ? `, ${moments[at].toFixed(0)} ms` : ""}: ${phase[2].toFixed(0)} ml`;
    parts.push(draw("circle", { class: kind, cx: x(moments[at]), cy: y(phase[2]), r: kind ? 6 : 3 }, draw("title", {}, words)));
  });
  const found = (place) => points.find((phase) => phase[place] === 1);
  const named = [["ed", "end diastole", found(3)], ["es", "end systole", found(4)]].filter(([, , phase]) => phase);
  const legend = named.map(([kind, name, phase]) => make("span", { class: kind }, `${name}, phase ${phase[0] + 1}: ${phase[2].toFixed(0)} ml`));
  return make(
    "figure",
    { class: "volume" },
    make("figcaption", {}, "Volume of the LV cavity (ml)", ...legend),
    draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": "Volume of the LV cavity over the heart beat" }, parts),
  );
}
