// A reader's notes stay in this browser, under the place of this page, and leave it as a CSV file.

const NOTES = `dcm-multitask notes ${location.pathname}`;
const THEME = "dcm-multitask theme";
let unsaved = null; // the notes of a browser that keeps none

function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key, text) {
  try {
    localStorage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}

// Study -> {seen, note, changed}; read each time, since the page may be open twice.
function allNotes() {
  if (unsaved) return unsaved;
  try {
    return new Map(JSON.parse(stored(NOTES) || "[]"));
  } catch {
    return new Map();
  }
}

function saveNote(name, change) {
  const notes = allNotes();
  const note = { seen: false, note: "", ...notes.get(name), ...change, changed: new Date().toISOString() };
  if (note.seen || note.note) notes.set(name, note);
  else notes.delete(name);
  if (!unsaved && !store(NOTES, JSON.stringify([...notes]))) {
    unsaved = notes;
    document.body.prepend(make("p", { class: "warning", role: "alert" }, "This browser keeps no notes for this page. Export them before you close it."));
  }
  return note;
}

// A spreadsheet would run a cell that begins like a formula.
const csvCell = (value) => `"${String(value).replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;

function notesAsCsv() {
  const known = new Map(STUDIES.map((study) => [study.name, study]));
  const rows = [...allNotes()].map(([name, { seen, note, changed }]) => {
    const study = known.get(name);
    return [name, study ? (study.p ?? "") : "", seen ? 1 : 0, note, changed];
  });
  return [["study", "dcm_probability", "seen", "note", "changed"], ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

function exportNotes() {
  const address = URL.createObjectURL(new Blob(["\ufeff", notesAsCsv()], { type: "text/csv" }));
  make("a", { href: address, download: "reader-notes.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = theme === "dark" ? "Light" : "Dark";
}

const bySystem = matchMedia("(prefers-color-scheme: dark)");
const systemTheme = () => (bySystem.matches ? "dark" : "light");
setTheme(stored(THEME) || systemTheme());
bySystem.addEventListener("change", () => stored(THEME) || setTheme(systemTheme()));
byId("theme").addEventListener("click", () => {
  setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  store(THEME, document.documentElement.dataset.theme);
});
byId("export").addEventListener("click", exportNotes);
byId("print").addEventListener("click", () => window.print());
