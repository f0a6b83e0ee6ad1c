/** Bar charts drawn as SVG, and the same numbers as a table for screen readers. */
import { h, svg, uniqueId } from "./dom.js";
import { language } from "./i18n.js";

const ROW = 52;
const BAR = 18;
const LABEL = 18;

/**
 * A figure with one horizontal bar for each of `rows` (`{label, value, colour}`), the longest one as wide as the
 * figure. `title` stands above it; `columns` are the two headings of the table.
 *
 * Widths are percentages and there is no view box: the letters keep their size on every screen.
 */
export function barChart({ title, rows, columns }) {
  const id = uniqueId("chart");
  const longest = Math.max(1, ...rows.map((row) => row.value));
  return h(
    "figure",
    { class: "chart", "aria-labelledby": id },
    h("figcaption", { id }, title),
    svg(
      "svg",
      { class: "chart-bars", width: "100%", height: rows.length * ROW, "aria-hidden": "true", focusable: "false" },
      rows.map((row, index) => bar(row, index, (100 * row.value) / longest)),
    ),
    h("div", { class: "visually-hidden" }, table(title, rows, columns)),
  );
}

function bar({ label, value, colour }, index, percent) {
  const top = index * ROW;
  const track = { x: 0, y: top + LABEL + 6, height: BAR, rx: BAR / 2 };
  return svg(
    "g",
    {},
    svg("text", { class: "chart-label", x: 0, y: top + LABEL - 2 }, label),
    svg("text", { class: "chart-value", x: "100%", y: top + LABEL - 2, "text-anchor": "end" }, count(value)),
    svg("rect", { class: "chart-track", width: "100%", ...track }),
    value > 0 && svg("rect", { class: "chart-bar", width: `${percent}%`, fill: colour, ...track }),
  );
}

function table(title, rows, [name, number]) {
  return h(
    "table",
    {},
    h("caption", {}, title),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, name), h("th", { scope: "col" }, number))),
    h(
      "tbody",
      {},
      rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.label), h("td", {}, count(row.value)))),
    ),
  );
}

function count(value) {
  return value.toLocaleString(language());
}
