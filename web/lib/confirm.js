/** A confirmation dialog for actions that cannot be undone. */
import { h, uniqueId } from "./dom.js";

/**
 * Ask, and resolve to true for yes and false for no or Escape. The browser's modal dialog traps the focus and restores
 * it; the focus starts on "no".
 */
export function confirm({ title, text, yes, no }) {
  const id = uniqueId("confirm");
  const close = (answer) => () => dialog.close(answer);
  const dialog = h(
    "dialog",
    { class: "sheet confirm", "aria-labelledby": id, "aria-describedby": `${id}-text` },
    h(
      "div",
      { class: "stack" },
      h("h2", { id }, title),
      h("p", { id: `${id}-text` }, text),
      h(
        "div",
        { class: "row" },
        h("button", { class: "button quiet", type: "button", autofocus: true, onclick: close("no") }, no),
        h("button", { class: "button danger", type: "button", onclick: close("yes") }, yes),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
