// One study: its pictures, numbers, quality, files, and what the reader notes of it.

const pictures = new Map();

// A study's thumbnails, with the address of their strip; they are read when they are first shown.
function pictureOf(study) {
  if (!pictures.has(study.index)) {
    const element = byId(`picture-${study.index}`);
    const picture = element && JSON.parse(element.textContent);
    if (picture) {
      const bytes = Uint8Array.from(atob(picture.strip), (letter) => letter.charCodeAt(0));
      picture.address = URL.createObjectURL(new Blob([bytes], { type: "image/webp" }));
    }
    pictures.set(study.index, picture);
  }
  return pictures.get(study.index);
}

function tileOf(picture, slice) {
  const place = picture.slices.indexOf(slice);
  if (place < 0) return null;
  return draw(
    "svg",
    { class: "tile-picture", viewBox: `${place * picture.tile} 0 ${picture.tile} ${picture.tile}`, role: "img", "aria-label": `Slice ${slice + 1}` },
    draw("image", { href: picture.address, width: picture.slices.length * picture.tile, height: picture.tile }),
    picture.outlines.filter(([number]) => number === slice).map(([, label, d]) => draw("path", { class: `outline ${label === 1 ? "myocardium" : "cavity"}`, d })),
  );
}

// The middle one of the slices that have an outline stands for the study in the list.
function smallPicture(study) {
  const picture = pictureOf(study);
  if (!picture || !picture.slices.length) return "";
  const drawn = [...new Set(picture.outlines.map(([number]) => number))].sort((a, b) => a - b);
  const from = drawn.length ? drawn : picture.slices;
  return tileOf(picture, from[Math.floor(from.length / 2)]);
}

function verdict(study) {
  const { dcm_probability_low: low, dcm_probability_high: high } = study.values;
  if (study.p === null) return make("p", { class: "verdict none" }, make("b", {}, "No probability"));
  const limit = isNumber(study.threshold) ? ` ${study.threshold.toFixed(2)}` : "";
  const meter = make("div", { class: "meter" }, line(`fill ${sideOf(study)}`, "width", study.p));
  if (isNumber(low) && isNumber(high)) {
    const range = line("range", "left", low, `interval ${low.toFixed(2)} to ${high.toFixed(2)}`);
    range.style.width = `${100 * (high - low)}%`;
    meter.append(range);
  }
  if (limit) meter.append(line("rule across", "left", study.threshold, `threshold${limit}`));
  const between = isNumber(low) && isNumber(high) ? ` (${low.toFixed(2)} to ${high.toFixed(2)})` : "";
  return make(
    "div",
    { class: `verdict ${sideOf(study)}` },
    make("p", {}, make("b", {}, study.p.toFixed(2) + between), ` probability of a DCM-like phenotype, ${study.undecided ? "which cannot decide at" : study.above ? "at or above" : "below"} the threshold${limit}`),
    meter,
  );
}

function tiles(study) {
  const picture = pictureOf(study);
  const slices = slicesOf(study);
  const shown = slices.map((slice) => {
    const tile = picture && tileOf(picture, slice.slice);
    if (!tile) return null;
    const failed = slice.quality !== "ok";
    const p = slice.dcm_probability;
    return make(
      "figure",
      { class: `tile${failed ? " failed" : ""}`, "data-slice": slice.slice },
      tile,
      make("figcaption", {}, make("b", {}, `Slice ${slice.slice + 1}`), make("span", { class: failed ? "none" : side(p, slice.dcm_class === 1) }, `P ${formatted(p, 2)}`), failed ? make("small", {}, slice.quality) : null, slice.caution ? make("small", {}, slice.caution) : null),
    );
  });
  if (!shown.some(Boolean)) return make("p", { class: "muted" }, "There are no thumbnails of this study.");
  return make("div", { class: "tiles" }, shown);
}

function qualityList(study) {
  const reasons = new Map();
  for (const slice of slicesOf(study)) {
    for (const reason of slice.quality === "ok" ? [] : String(slice.quality ?? "unknown").split("; ")) {
      reasons.set(reason, [...(reasons.get(reason) || []), slice.slice + 1]);
    }
  }
  if (!reasons.size) return make("p", {}, study.slices.length ? "All slices passed the checks." : DASH);
  return make("ul", {}, [...reasons].map(([reason, numbers]) => make("li", {}, make("b", {}, reason), ` in slice${numbers.length > 1 ? "s" : ""} ${numbers.join(", ")}`)));
}

function valueList(study, number) {
  const names = Object.keys(study.values).filter((name) => MEASURED.has(name) === number && !/_(low|high)$/.test(name));
  const pair = (name) => [make("dt", {}, DATA.columns[name][0]), make("dd", {}, measured(study, name))];
  return make("dl", { class: number ? "measurements" : "texts" }, names.map(pair));
}

function sliceTable(study) {
  const columns = Object.entries(DATA.sliceColumns);
  const head = columns.map(([name, [title, unit]]) => make("th", {}, name === "slice" ? "Slice" : title, unit ? ` (${unit})` : ""));
  const cell = (name, value, digits) => make("td", { class: isNumber(value) ? "number" : "" }, name === "slice" ? value + 1 : formatted(value, Number.isInteger(value) && !DATA.sliceColumns[name][1] ? 0 : digits));
  const rows = slicesOf(study).map((slice) => make("tr", {}, columns.map(([name, [, , digits]]) => cell(name, slice[name], digits))));
  return make("div", { class: "wide" }, make("table", { class: "plain" }, make("thead", {}, make("tr", {}, head)), make("tbody", {}, rows)));
}

function readersNote(study, changed) {
  const kept = allNotes().get(study.name) || {};
  const save = (change) => changed(study, saveNote(study.name, change));
  const box = make("textarea", { id: "note", rows: 2, placeholder: "Your note, kept in this browser", "aria-label": "Your note", oninput: (event) => save({ note: event.target.value }) });
  box.value = kept.note || "";
  const seen = make("input", { id: "seen", type: "checkbox", onchange: (event) => save({ seen: event.target.checked }) });
  seen.checked = Boolean(kept.seen);
  return make("div", { class: "reader" }, make("label", {}, seen, " Seen"), box);
}

// Everything about a study, in the order in which a reader asks for it.
function studyView(study, place, { close, step, changed }) {
  const part = (title, ...content) => make("section", {}, make("h3", {}, title), ...content);
  const mm = pictureOf(study)?.mm;
  return [
    make(
      "div",
      { class: "head" },
      make("button", { type: "button", class: "close", "aria-label": "Back to the list", onclick: close }, "← List"),
      make("h2", {}, study.name),
      make("span", { class: "muted" }, place),
      make("button", { type: "button", "aria-label": "Study before", onclick: () => step(-1) }, "↑"),
      make("button", { type: "button", "aria-label": "Next study", onclick: () => step(1) }, "↓"),
    ),
    verdict(study),
    study.look.length ? make("ul", { class: "look" }, study.look.map(([kind, text]) => make("li", {}, make("b", {}, kind), ` ${text}`))) : "",
    study.slices.length ? riskStrip(study) : "",
    tiles(study),
    mm ? make("p", { class: "muted legend" }, make("span", { class: "myocardium" }, "myocardium"), make("span", { class: "cavity" }, "LV cavity"), ` each picture is ${mm} mm wide`) : "",
    readersNote(study, changed),
    volumeCurve(study) || "",
    part("Measurements", valueList(study, true)),
    part("Quality", qualityList(study)),
    study.said.length ? part("About the analysis", ...study.said.map((text) => make("p", {}, text))) : "",
    study.slices.length ? make("details", {}, make("summary", {}, "Table of the slices"), sliceTable(study)) : "",
    Object.keys(study.values).some((name) => !MEASURED.has(name)) ? make("details", {}, make("summary", {}, "Further columns"), valueList(study, false)) : "",
    study.files.length ? part("Files", make("ul", { class: "files" }, study.files.map(([name, address]) => make("li", {}, make("a", { href: address }, name))))) : "",
    make("p", { class: "muted" }, study.made),
  ].filter(Boolean);
}
