/** Form controls for style and motion, with moving previews, and for the strength of the motion. */
import { h, uniqueId } from "./dom.js";
import { t } from "./i18n.js";
import { portrait } from "./portrait.js";

const PREVIEW_SIDE = 112;

/**
 * The pickers for `options` (the answer of `GET /user/portrait/options/`), with `chosen` (`{style, motion}`) marked.
 * `value()` is `{style, motion, strength}`; "" leaves the choice to the server.
 */
export function picker(options, chosen = {}) {
  const style = choices(t("picker.style"), options.styles, chosen.style);
  const motion = choices(t("picker.motion"), options.motions, chosen.motion);
  const { min, max, default: usual } = options.strength;
  const id = uniqueId("strength");
  const strength = h("input", { id, type: "range", min, max, step: 0.05, value: usual });
  const node = h(
    "div",
    { class: "stack loose" },
    style.node,
    motion.node,
    h(
      "div",
      { class: "strength" },
      h("label", { for: id }, t("picker.strength")),
      h("div", { class: "strength-scale" }, h("span", {}, t("picker.calm")), strength, h("span", {}, t("picker.lively"))),
    ),
  );
  return {
    node,
    value: () => ({ style: style.value(), motion: motion.value(), strength: Number(strength.value) }),
  };
}

function choices(title, entries, chosen = "") {
  const name = uniqueId("choice");
  const picked = entries.some((entry) => entry.name === chosen) ? chosen : "";
  const surprise = h("span", { class: "preview preview-surprise", "aria-hidden": "true" }, "?");
  const options = [
    option(name, "", t("picker.surprise"), surprise, picked),
    ...entries.map((entry) => option(name, entry.name, entry.title, preview(entry), picked)),
  ];
  const node = h("fieldset", {}, h("legend", {}, title), h("div", { class: "previews" }, options));
  return { node, value: () => node.querySelector("input:checked").value };
}

function option(name, value, title, picture, picked) {
  return h(
    "label",
    { class: "choice" },
    h("input", { type: "radio", name, value, checked: value === picked }),
    picture,
    h("span", { class: "choice-title" }, title),
  );
}

function preview(entry) {
  return h(
    "span",
    { class: "preview" },
    portrait({ src: entry.preview, poster: entry.preview_still, still: entry.preview_still, size: PREVIEW_SIDE }),
  );
}
