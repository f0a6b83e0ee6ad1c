/** A progress bar, accessible to screen readers. */
import { h } from "./dom.js";

/** `{node, set(part)}` with `part` from 0 to 1; `label` names the task. */
export function progressBar(label) {
  const fill = h("span", {});
  const node = h(
    "div",
    { class: "progress", role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 },
    fill,
  );
  const set = (part) => {
    const whole = Math.round(part * 100);
    fill.style.setProperty("--part", `${whole}%`);
    node.setAttribute("aria-valuenow", whole);
  };
  set(0);
  return { node, set };
}
