// Small helpers for the document. Data only ever enters it as text, never as markup.

/** Return the element with an id. */
export const byId = (id) => document.getElementById(id);

/** Create an element with attributes and children; children that are strings become text. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, value);
    }
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Set the text of an element, but only if it changes: a live region reads every change. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Scroll a list, and nothing else, so that one of its rows is visible. */
export function reveal(list, row) {
  const [outer, inner] = [list.getBoundingClientRect(), row.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}

/** Whether the keyboard is needed for writing into this element. */
export const isWriting = (node) =>
  node instanceof HTMLElement &&
  (node.isContentEditable ||
    node.matches("textarea, select, input:not([type=checkbox], [type=range], [type=button])"));

/** Whether Enter and Space operate this element. */
export const isOperable = (node) =>
  node instanceof HTMLElement && node.matches("button, a[href], summary, input, [role=option]");

const PATHS = {
  play: "M8 5v14l11-7z",
  pause: "M7 5h4v14H7zM13 5h4v14h-4z",
  next: "M9 5l7 7-7 7",
  previous: "M15 5l-7 7 7 7",
  next10: "M5 5l7 7-7 7M12 5l7 7-7 7",
  previous10: "M19 5l-7 7 7 7M12 5l-7 7 7 7",
  nextMark: "M6 5l7 7-7 7M18 5v14",
  previousMark: "M18 5l-7 7 7 7M6 5v14",
  loop: "M17 3l3 3-3 3M4 11V9a3 3 0 0 1 3-3h13M7 21l-3-3 3-3M20 13v2a3 3 0 0 1-3 3H4",
  undo: "M8 5L4 9l4 4M4 9h10a5 5 0 0 1 0 10h-4",
  redo: "M16 5l4 4-4 4M20 9H10a5 5 0 0 0 0 10h4",
  delete: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
  flag: "M6 21V4h11l-2 4 2 4H6",
};
const FILLED = new Set(["play", "pause"]);

/** Create the icon of an action, which the name of its button replaces for screen readers. */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.toggle("filled", FILLED.has(name));
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
