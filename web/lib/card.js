/** The student card as a part of a page: real text, and a layout for phones. */
import { houseNames } from "./house.js";
import { h } from "./dom.js";
import { formatDay, t } from "./i18n.js";
import { livePortrait } from "./portrait.js";

/** `card` is the answer of `GET /dorm/card/`. */
export function studentCard(card) {
  const { webp, avif, poster, still, live } = card.portrait;
  const day = (iso) => (iso ? h("time", { datetime: iso }, formatDay(iso)) : "–");
  return h(
    "article",
    { class: "student-card", "aria-label": t("card.of", { name: card.fullname }) },
    h(
      "div",
      { class: "card-night" },
      h(
        "div",
        { class: "card-banner" },
        livePortrait({ live, src: webp ?? still, avif, poster, still, alt: alt(card), lazy: false, size: 300 }),
        h("p", { class: "card-house" }, houseNames(card.house)),
      ),
      ["left", "right"].map((side) =>
        h("img", { class: `card-candle ${side}`, src: "/web/art/candle.svg", alt: "", width: 56, height: 72 }),
      ),
    ),
    h(
      "div",
      { class: "card-sheet" },
      h(
        "header",
        { class: "card-head" },
        h(
          "div",
          {},
          h("p", { class: "small" }, t("shell.school")),
          h("p", { class: "card-title" }, t("card.title")),
        ),
        card.crest &&
          h("img", {
            class: "card-crest",
            src: card.crest,
            alt: t("card.crest", { house: card.house.name }),
            width: 80,
            height: 88,
          }),
      ),
      h("img", { class: "card-flourish", src: "/web/art/flourish.svg", alt: "", width: 240, height: 24 }),
      h(
        "dl",
        { class: "card-facts" },
        fact("card.name", h("bdi", {}, card.fullname), "card-name"),
        fact("card.birthday", day(card.birthday)),
        fact("card.number", card.number),
        fact("card.admitted", day(card.join_date)),
        fact("card.house", houseNames(card.house)),
      ),
    ),
  );
}

function fact(key, value, className = null) {
  return h("div", { class: className }, h("dt", {}, t(key)), h("dd", {}, value));
}

function alt(card) {
  return t(card.portrait.webp ? "card.portrait-alt" : "card.photo-alt", { name: card.fullname });
}
