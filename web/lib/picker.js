/** Form controls for style and motion, with moving previews, and for the strength of the motion. */
import { h, replace, uniqueId } from "./dom.js";
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
  const strengthWord = h("output", { class: "hint", for: id });
  const say = () => {
    const value = Number(strength.value);
    const word = value < 0.9 ? "picker.calm" : value > 1.1 ? "picker.lively" : "picker.as-it-is";
    strengthWord.textContent = t(word);
    strength.setAttribute("aria-valuetext", t(word));
  };
  strength.addEventListener("input", say);
  say();
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
      strengthWord,
    ),
  );
  return {
    node,
    value: () => ({ style: style.value(), motion: motion.value(), strength: Number(strength.value) }),
    /** Show the styles on the student's own face: `[{style, picture}]`. */
    showOwn: (previews) => previews.forEach(({ style: name, picture }) => style.show(name, picture)),
    /** Offer the motion that the student performed; `choose`: and choose it. */
    offerPerformed: (choose) => motion.offer("performed", t("picker.performed"), choose),
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
  const list = h("div", { class: "previews" }, options);
  const node = h("fieldset", {}, h("legend", {}, title), list);
  const input = (value) => [...list.querySelectorAll("input")].find((one) => one.value === value);
  return {
    node,
    value: () => list.querySelector("input:checked").value,
    show(value, picture) {
      const place = input(value)?.parentElement.querySelector(".preview");
      if (place) replace(place, portrait({ src: picture, lazy: false, size: PREVIEW_SIDE }));
    },
    offer(value, words, choose) {
      if (!input(value)) {
        const own = h("span", { class: "preview preview-surprise preview-own", "aria-hidden": "true" }, "★");
        list.children[0].after(option(name, value, words, own, value === chosen ? value : ""));
      }
      if (choose) input(value).checked = true;
    },
  };
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
