/** Without a connection: the card that this device keeps, or what the page that was asked for needs. */
import { studentCard } from "../lib/card.js";
import { h } from "../lib/dom.js";
import { hasText, t } from "../lib/i18n.js";
import { problem } from "../lib/problem.js";

// Instead of these the card is shown.
const OWN = new Set(["#/", "#/card", "#/room", "#/reveal"]);

/** `error` is an `offline` ApiError, `copy` that of `lib/own-copy.js`, or null; `again()` loads the page that was asked for. */
export default function page({ error, hash, copy, again }) {
  const trouble = problem(error, again, { patient: true, text: t("offline.line") });
  if (copy && OWN.has(hash)) {
    const node = h(
      "div",
      { class: "stack loose offline" },
      h("h1", {}, t("card.title")),
      trouble,
      h("div", { class: "card-stage" }, studentCard(copy.card)),
      h("p", { class: "small centred" }, t("offline.copy")),
    );
    return { title: t("card.title"), node };
  }
  const needs = `offline.needs-${hash.slice("#/".length)}`;
  const node = h(
    "section",
    { class: "sheet stack" },
    h("h1", {}, t("offline.title")),
    trouble,
    h("p", {}, hasText(needs) ? t(needs) : t("offline.needs")),
    copy && h("p", {}, h("a", { href: "#/card" }, t("offline.to-card"))),
  );
  return { title: t("offline.title"), node };
}
