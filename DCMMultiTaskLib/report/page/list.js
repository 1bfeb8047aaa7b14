// The list of studies: what is shown, in which order, and which one is chosen.

const numbers = (name) => STUDIES.some((study) => isNumber(study.values[name]));
const measure = (name) => ({ key: name, number: true, value: (study) => study.values[name], text: (study) => measured(study, name, false).replace(/ \(.*/, "") });
const notes = () => allNotes();

// Column -> title, its unit, what it is sorted by, and what stands in a row.
const COLUMNS = [
  { key: "name", title: "Study", value: (study) => study.name, text: (study) => make("div", {}, make("span", { class: "small-picture" }), study.name) },
  { key: "p", title: "Probability", number: true, value: (study) => study.p, text: probabilityCell },
  { ...measure("lv_cavity_volume_ml"), title: "LV volume", unit: "ml" },
  { ...measure("myocardium_mass_g"), title: "Mass", unit: "g" },
  ...(numbers("ejection_fraction_percent") ? [{ ...measure("ejection_fraction_percent"), title: "EF", unit: "%" }] : []),
  { key: "counted", title: "Slices ok", number: true, value: ({ counted: [ok, all] }) => (all ? ok / all : null), text: ({ counted: [ok, all] }) => (all ? `${ok} of ${all}` : DASH) },
  { key: "look", title: "Look first", value: (study) => study.index, text: (study) => study.look.map(([kind, text]) => [make("span", { class: "tag", title: text }, kind), " "]) },
  { key: "note", title: "Note", value: (study) => notes().get(study.name)?.note || null, text: noteCell },
];

const FILTERS = [
  ["all", "All", () => true],
  ["look", "Look first", (study) => study.look.length > 0],
  ["above", "At or above", (study) => sideOf(study) === "above"],
  ["below", "Below", (study) => sideOf(study) === "below"],
  ["none", "Cannot decide", (study) => sideOf(study) === "none"],
  ["unseen", "Not seen", (study) => !notes().get(study.name)?.seen],
  ["noted", "With a note", (study) => Boolean(notes().get(study.name)?.note)],
];

const state = { filter: "all", search: "", sort: "look", down: false, range: null, chosen: 0 };
const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const narrow = matchMedia("(max-width: 1099px)");
let shown = STUDIES;

function probabilityCell(study) {
  if (study.p === null) return DASH;
  const meter = make("span", { class: "meter" }, line(`fill ${sideOf(study)}`, "width", study.p));
  if (isNumber(study.threshold)) meter.append(line("rule across", "left", study.threshold));
  return [make("b", { class: sideOf(study) }, study.p.toFixed(2)), meter];
}

function noteCell(study) {
  const { seen, note } = notes().get(study.name) || {};
  return [seen ? make("span", { class: "seen", title: "seen" }, "✓ ") : "", note || ""];
}

const searched = STUDIES.map((study) => [study.name, ...study.look.flat(), ...slicesOf(study).map((slice) => slice.quality), ...Object.values(study.values).filter((value) => typeof value === "string")].join("\n").toLowerCase());

const rows = STUDIES.map((study) => {
  const cells = COLUMNS.map((column) => make("td", { class: `${column.key} ${column.number ? "number" : ""}`, "data-title": column.title }, column.text(study)));
  return make("tr", { tabindex: -1, "data-study": study.index, onclick: () => choose(study.index, true) }, cells);
});

// Pictures are decoded when their row comes near the window.
const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    target.querySelector(".small-picture").append(smallPicture(STUDIES[target.dataset.study]));
  }
}, { rootMargin: "300px" });
rows.forEach((row) => near.observe(row));

function matches(study) {
  if (!FILTERS.find(([key]) => key === state.filter)[2](study)) return false;
  if (state.range) {
    const { name, low, high, last } = state.range;
    const value = name === "p" ? study.p : study.values[name];
    if (!isNumber(value) || value < low - 1e-9 || (last ? value > high + 1e-9 : value >= high - 1e-9)) return false;
  }
  const text = `${searched[study.index]}\n${(notes().get(study.name)?.note || "").toLowerCase()}`;
  return state.search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function compare(a, b) {
  const column = COLUMNS.find(({ key }) => key === state.sort);
  const [first, second] = [column.value(a), column.value(b)];
  const empty = (value) => value === null || value === undefined;
  if (empty(first) || empty(second)) return empty(first) - empty(second) || a.index - b.index;
  const by = isNumber(first) ? first - second : order.compare(first, second);
  return (state.down ? -by : by) || a.index - b.index;
}

// Show what fits, in order; the chosen study stays chosen.
function update() {
  shown = STUDIES.filter(matches).sort(compare);
  const body = byId("studies").tBodies[0];
  const group = (text) => make("tr", { class: "group" }, make("th", { colspan: COLUMNS.length }, text));
  const ordered = shown.map((study) => rows[study.index]);
  const first = state.sort === "look" && !state.down ? shown.filter((study) => study.look.length).length : 0;
  if (first) ordered.unshift(group(`Look at these first (${first})`));
  if (first && first < shown.length) ordered.splice(first + 1, 0, group(`The others (${shown.length - first})`));
  body.replaceChildren(...ordered);
  byId("nothing").hidden = shown.length > 0;
  byId("studies").hidden = !shown.length;
  const range = state.range ? `, ${state.range.words}` : "";
  byId("count").replaceChildren(`${shown.length} of ${STUDIES.length} studies${range} `, state.range ? make("button", { type: "button", onclick: () => set({ range: null }) }, "Show all") : "");
  for (const button of document.querySelectorAll("#filters button")) button.setAttribute("aria-pressed", button.dataset.filter === state.filter);
  for (const head of document.querySelectorAll("#studies thead th")) {
    head.setAttribute("aria-sort", head.dataset.key === state.sort ? (state.down ? "descending" : "ascending") : "none");
  }
  byId("sort").value = state.sort;
  markCounts();
}

function set(change) {
  Object.assign(state, change);
  update();
}

function markCounts() {
  for (const [key, , fits] of FILTERS) byId(`filter-${key}`).textContent = STUDIES.filter(fits).length;
}

function sortBy(key) {
  // Numbers from large to small first: a reader asks for the largest.
  const down = state.sort === key ? !state.down : Boolean(COLUMNS.find((column) => column.key === key).number);
  set({ sort: key, down });
}

// Show a study; `open` brings it in front of the list where there is no room beside it.
function choose(index, open = false) {
  rows[state.chosen]?.removeAttribute("aria-current");
  rows[state.chosen]?.setAttribute("tabindex", -1);
  state.chosen = index;
  const study = STUDIES[index];
  if (!study) return;
  rows[index].setAttribute("aria-current", "true");
  rows[index].setAttribute("tabindex", 0);
  const place = shown.indexOf(study);
  const view = byId("study");
  view.replaceChildren(...studyView(study, place < 0 ? "" : `${place + 1} of ${shown.length}`, { close, step, changed }));
  view.scrollTop = 0;
  if (open && narrow.matches) {
    document.body.classList.add("open");
    view.focus();
  }
}

function close() {
  document.body.classList.remove("open");
  rows[state.chosen]?.focus();
}

// Go to the next study or the one before, in the order of the list.
function step(by) {
  const at = shown.findIndex((study) => study.index === state.chosen);
  const next = shown[Math.min(shown.length - 1, Math.max(0, at + by))];
  if (!next) return;
  choose(next.index);
  const row = rows[next.index];
  row.scrollIntoView({ block: "nearest" });
  if (!document.body.classList.contains("open")) row.focus({ preventScroll: true });
}

function changed(study) {
  const cell = rows[study.index].querySelector("td.note");
  cell.replaceChildren(...noteCell(study).filter(Boolean));
  markCounts();
}

const KEYS = {
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  j: () => step(1),
  k: () => step(-1),
  Home: () => step(-Infinity),
  End: () => step(Infinity),
  Enter: () => (narrow.matches ? choose(state.chosen, true) : byId("study").focus()),
  Escape: close,
  "/": () => byId("search").focus(),
  n: () => byId("note")?.focus(),
  s: () => byId("seen")?.click(),
  l: () => document.body.classList.toggle("large"),
  o: () => document.body.classList.toggle("no-outlines"),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input[type=search], textarea, select");
  if (typing) {
    if (event.key === "Escape" || (event.key === "Enter" && typing.id === "search")) {
      event.preventDefault();
      if (event.key === "Escape" && typing.id === "search") {
        typing.value = "";
        set({ search: "" });
      }
      if (!shown.includes(STUDIES[state.chosen]) && shown.length) choose(shown[0].index);
      rows[state.chosen]?.focus();
    }
    return;
  }
  // Enter and space belong to the button or link that has the focus.
  if (event.key === "Enter" && event.target.closest("button, a, summary, input")) return;
  if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

function histograms() {
  const filterBy = (name, digits, unit) => (low, high, last) =>
    set({ range: { name, low, high, last, words: `${name === "p" ? "probability" : "LV volume"} ${low.toFixed(digits)} to ${high.toFixed(digits)}${unit}` } });
  const thresholds = [...new Set(STUDIES.map((study) => study.threshold))];
  const points = (value) => STUDIES.filter((study) => isNumber(value(study))).map((study) => ({ value: value(study), kind: sideOf(study) }));
  histogram(byId("risk-histogram"), { title: "Probability of a DCM-like phenotype", unit: "", digits: 2, points: points((study) => study.p), low: 0, high: 1, bins: 20, threshold: thresholds.length === 1 ? thresholds[0] : null, choose: filterBy("p", 2, "") });
  const volumes = points((study) => study.values.lv_cavity_volume_ml);
  const step = [10, 20, 50, 100].find((size) => Math.max(0, ...volumes.map(({ value }) => value)) / size <= 25) || 200;
  const bins = Math.max(5, 5 * Math.ceil(Math.max(0, ...volumes.map(({ value }) => value + 1)) / step / 5));
  histogram(byId("volume-histogram"), { title: "LV volume (ml)", unit: "ml", digits: 0, points: volumes, low: 0, high: bins * step, bins, choose: filterBy("lv_cavity_volume_ml", 0, " ml") });
}

function start() {
  const head = COLUMNS.map(({ key, title, unit, number }) => make("th", { "data-key": key, class: `${key} ${number ? "number" : ""}`, scope: "col" }, make("button", { type: "button", onclick: () => sortBy(key) }, title, unit ? make("small", {}, ` ${unit}`) : "")));
  byId("studies").tHead.append(make("tr", {}, head));
  byId("sort").append(...COLUMNS.map(({ key, title }) => make("option", { value: key }, `Sort by ${title.toLowerCase().replace("lv", "LV").replace("ef", "EF")}`)));
  byId("sort").addEventListener("change", (event) => sortBy(event.target.value));
  byId("filters").append(...FILTERS.map(([key, title]) => make("button", { type: "button", "data-filter": key, onclick: () => set({ filter: key }) }, title, " ", make("span", { id: `filter-${key}` }))));
  byId("search").addEventListener("input", (event) => set({ search: event.target.value.trim() }));
  byId("all").addEventListener("click", () => {
    byId("search").value = "";
    set({ filter: "all", search: "", range: null });
  });
  byId("study").addEventListener("click", (event) => event.target.closest(".tile-picture") && KEYS.l());
  // A slice of the strip and its picture are marked together.
  byId("study").addEventListener("mouseover", (event) => {
    const slice = event.target.closest("[data-slice]")?.dataset.slice;
    for (const element of byId("study").querySelectorAll("[data-slice]")) element.classList.toggle("marked", element.dataset.slice === slice);
  });
  histograms();
  update();
  choose(shown[0]?.index ?? 0);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
