/** Why the sorting decided as it did: the points of quiz and picture, what was seen, and the way to say no to that. */
import { h, replace } from "./dom.js";
import { t } from "./i18n.js";
import { problem } from "./problem.js";

/** `outcome` is the answer of `POST /dorm/sorting/`; `again()` is called after the student has said no to the picture. */
export function howSorted({ api }, { scores, looked, seen }, again) {
  const box = h("div", {});
  const refuse = h("button", { class: "button quiet", type: "button", "data-act": "refuse-look" }, t("look.refuse"));
  refuse.addEventListener("click", async () => {
    refuse.disabled = true;
    try {
      await api.delete("/dorm/sorting/look/");
      await again();
    } catch (error) {
      refuse.disabled = false;
      if (error.code !== "session_expired") replace(box, problem(error));
    }
  });
  const number = (value) => h("td", {}, value.toLocaleString());
  return h(
    "details",
    { class: "sheet how-sorted", open: looked },
    h("summary", {}, t("look.why")),
    h(
      "div",
      { class: "stack" },
      looked && h("p", {}, seen.length ? t("look.seen", { what: seen.map(({ words }) => words).join("; ") }) : t("look.nothing")),
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("card.house")), h("th", { scope: "col" }, t("look.quiz")), looked && h("th", { scope: "col" }, t("look.picture")))),
        h(
          "tbody",
          {},
          scores.map(({ name, score, look }) => h("tr", {}, h("th", { scope: "row" }, name), number(score), looked && number(look))),
        ),
      ),
      looked && h("p", { class: "hint" }, t("look.rights")),
      looked && h("div", { class: "row" }, refuse),
      box,
    ),
  );
}
