/**
 * Builds elements from parts and never from markup, so that user text cannot become markup.
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element: `h("p", {class: "lead", hidden: true, onclick: f}, "text", node, [more])`.
 *
 * Names that begin with "on" become listeners; `class`, `dataset`, `style` (an object, by way of the CSSOM, which
 * a strict content policy allows) and true/false/null attributes are handled. Children may be
 * strings, numbers, nodes, arrays of them, and null or false for nothing.
 */
export function h(tag, props, ...children) {
  return build(document.createElement(tag), props, children);
}

/** The same for SVG elements. */
export function svg(tag, props, ...children) {
  return build(document.createElementNS(SVG, tag), props, children);
}

function build(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else if (name === "value" && "value" in element) element.value = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  append(element, children);
  return element;
}

function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child);
  }
}

/** Put `nodes` in place of everything that `root` holds. */
export function replace(root, ...nodes) {
  root.replaceChildren();
  append(root, nodes);
}

let serial = 0;

/** An id that no other element of the page has. */
export function uniqueId(prefix = "id") {
  serial += 1;
  return `${prefix}-${serial}`;
}

/** Move the focus to something that is not in the tab order by itself (a heading, a message). */
export function focusOn(element) {
  if (!element.hasAttribute("tabindex") && !element.matches("a[href], button, input, select, textarea, summary")) {
    element.setAttribute("tabindex", "-1");
  }
  element.focus({ preventScroll: true });
}

const liveRegion = document.createElement("p");
liveRegion.className = "visually-hidden";
liveRegion.setAttribute("role", "status");
document.body.append(liveRegion);

/** Announce `text` in a polite live region. */
export function announce(text) {
  liveRegion.textContent = "";
  // Said again only if it changes: an empty moment in between makes the same sentence heard twice.
  setTimeout(() => (liveRegion.textContent = text), 50);
}
