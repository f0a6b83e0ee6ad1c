/** The lounge: everyone's portrait, the guestbook, and the charts. */
import { barChart } from "../lib/chart.js";
import { h } from "../lib/dom.js";
import { gallery } from "../lib/gallery.js";
import { guestbook } from "../lib/guestbook.js";
import { houseNames } from "../lib/house.js";
import { load } from "../lib/problem.js";

export default function page(context) {
  const { api, t, student } = context;
  const walls = gallery(context);
  const book = guestbook(context);
  const node = h(
    "div",
    { class: "stack loose" },
    h(
      "header",
      { class: "lounge-head" },
      h("div", {}, h("h1", {}, t("lounge.title")), h("p", { class: "lead" }, t("lounge.lead", { name: student.fullname }))),
      h("img", { src: "/web/art/hearth.svg", alt: "", width: 240, height: 184 }),
    ),
    walls.node,
    book.node,
    numbers(api, t),
  );
  const leave = () => {
    walls.leave();
    return book.leave();
  };
  return { title: t("lounge.title"), node, leave };
}

/** The charts, folded; they are loaded when they are opened for the first time. */
function numbers(api, t) {
  const body = h("div", { class: "charts" });
  const node = h(
    "details",
    { class: "sheet wide numbers" },
    h("summary", {}, h("h2", { id: "numbers" }, t("lounge.numbers"))),
    body,
  );
  const open = () => load(body, async () => charts(await api.get("/lounge/stats/"), t));
  node.addEventListener("toggle", open, { once: true });
  return node;
}

function charts({ houses }, t) {
  const rows = (count) =>
    houses.map((house) => ({ label: houseNames(house), value: house[count], colour: house.colour }));
  return h(
    "div",
    { class: "charts-row" },
    barChart({
      title: t("lounge.students"),
      rows: rows("students"),
      columns: [t("card.house"), t("lounge.students-column")],
    }),
    barChart({
      title: t("lounge.entries"),
      rows: rows("entries"),
      columns: [t("card.house"), t("lounge.entries-column")],
    }),
  );
}
