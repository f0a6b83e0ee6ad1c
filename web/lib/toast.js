/** Short messages at the edge of the screen that disappear after some seconds. */
import { announce, h } from "./dom.js";

const SECONDS = 5;
const shelf = h("div", { class: "toasts" });
document.body.append(shelf);

/** Show `text` for some seconds and announce it; `action` is `{label, run}` for a button ("undo"). */
export function toast(text, action = null) {
  const note = h(
    "div",
    { class: "toast" },
    h("span", {}, text),
    action &&
      h("button", { class: "link-button", type: "button", onclick: () => (note.remove(), action.run()) }, action.label),
  );
  shelf.append(note);
  announce(text);
  let timer = setTimeout(() => note.remove(), SECONDS * 1000);
  // It stays while it has the pointer or the focus.
  for (const name of ["pointerenter", "focusin"]) note.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) {
    note.addEventListener(name, () => (timer = setTimeout(() => note.remove(), SECONDS * 1000)));
  }
}
