/** A few words at the edge of the screen that go by themselves. */
import { announce, h } from "./dom.js";

const SECONDS = 5;
const shelf = h("div", { class: "toasts" });
document.body.append(shelf);

/** Show `text` for some seconds and have it said; `action` is `{label, run}` for a button ("undo"). */
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
  // Who is reading it, or on the way to its button, is not hurried.
  for (const name of ["pointerenter", "focusin"]) note.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) {
    note.addEventListener(name, () => (timer = setTimeout(() => note.remove(), SECONDS * 1000)));
  }
}
