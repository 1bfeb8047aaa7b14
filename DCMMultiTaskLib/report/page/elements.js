"use strict";
// Elements are built from text alone: nothing that a file says is ever read as markup.

const byId = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

const DASH = "–";
const isNumber = (value) => typeof value === "number";

function formatted(value, digits) {
  if (value === null || value === undefined || value === "") return DASH;
  return isNumber(value) ? value.toFixed(Number.isInteger(value) && Math.abs(value) >= 1e6 ? 0 : digits) : value;
}

const DATA = JSON.parse(byId("data").textContent);
const STUDIES = DATA.studies;
STUDIES.forEach((study, index) => (study.index = index));

// A measurement with its unit and, where there is one, its interval.
function measured(study, name, withUnit = true) {
  const [, unit, digits] = DATA.columns[name] || ["", "", 2];
  const value = study.values[name];
  const [low, high] = [study.values[`${name}_low`], study.values[`${name}_high`]];
  const text = formatted(value, digits);
  if (text === DASH || !isNumber(value)) return text;
  const between = isNumber(low) && isNumber(high) ? ` (${low.toFixed(digits)} to ${high.toFixed(digits)})` : "";
  return text + (withUnit && unit ? ` ${unit}` : "") + between;
}

// The slices of a study as objects by column.
function slicesOf(study) {
  const names = Object.keys(DATA.sliceColumns);
  return study.slices.map((row) => Object.fromEntries(names.map((name, place) => [name, row[place]])));
}

// Columns in which any study has a number are measurements; the others are texts.
const MEASURED = new Set(Object.keys(DATA.columns).filter((name) => STUDIES.some((study) => isNumber(study.values[name]))));

const side = (p, above) => (p === null || p === undefined ? "none" : above ? "above" : "below");
const sideOf = (study) => side(study.undecided ? null : study.p, study.above);
