/** The lounge: members of the houses, two charts, and the guestbook. */
import { barChart } from "../lib/chart.js";
import { h } from "../lib/dom.js";
import { guestbook } from "../lib/guestbook.js";
import { houseColours } from "../lib/house.js";
import { portrait } from "../lib/portrait.js";

// The minimum width at which all houses are open. Portraits are films; on a phone they are loaded on demand.
const ROOMY = "(min-width: 52rem)";

export default async function page(context) {
  const { api, t, student } = context;
  const [lounge, stats] = await Promise.all([api.get("/lounge/"), api.get("/lounge/stats/")]);
  const book = guestbook(context, stats.houses);
  const node = h(
    "div",
    { class: "stack loose" },
    h(
      "header",
      { class: "lounge-head" },
      h("div", {}, h("h1", {}, t("lounge.title")), h("p", { class: "lead" }, t("lounge.lead", { name: student.fullname }))),
      h("img", { src: "/web/art/hearth.svg", alt: "", width: 240, height: 184 }),
    ),
    h(
      "section",
      { class: "stack", "aria-labelledby": "classmates" },
      h("h2", { id: "classmates" }, t("lounge.classmates")),
      lounge.house.map((house, index) => houseWall(house, index === 0, stats.houses, t)),
    ),
    h(
      "section",
      { class: "sheet wide stack", "aria-labelledby": "numbers" },
      h("h2", { id: "numbers" }, t("lounge.numbers")),
      h("div", { class: "charts" }, charts(lounge, stats.houses, t)),
    ),
    book.node,
  );
  return { title: t("lounge.title"), node, leave: book.leave };
}

/** A house and some of its members, in a details element; the student's own is open, unless the browser saves data. */
function houseWall(house, own, houses, t) {
  const saving = navigator.connection?.saveData ?? false;
  const open = !saving && (own || matchMedia(ROOMY).matches);
  const colours = houseColours(houses.find(({ name }) => name === house.name));
  return h(
    "details",
    { class: "house-wall", open, ...colours },
    h(
      "summary",
      {},
      h("img", { src: house.logo, alt: "", width: 44, height: 48 }),
      h("span", {}, h("b", {}, house.name), own && h("span", { class: "own" }, t("lounge.own"))),
    ),
    h("p", { class: "small house-words" }, house.desc),
    house.users.length
      ? h(
          "ul",
          { class: "members" },
          house.users.map((member) =>
            h(
              "li",
              {},
              h(
                "figure",
                {},
                memberPortrait(member, t),
                h("figcaption", {}, h("bdi", {}, member.fullname)),
              ),
            ),
          ),
        )
      : h("p", { class: "small" }, t(own ? "lounge.alone" : "lounge.empty-house")),
  );
}

/** A classmate's portrait, which greets when it is tapped; the caption has the name. */
function memberPortrait(member, t) {
  const tile = portrait({ src: member.portrait, poster: member.poster || null, alt: "", size: 150 });
  if (!member.live || matchMedia("(prefers-reduced-motion: reduce)").matches) return tile;
  const greet = async () => {
    await import("../lib/live.js");
    let live = button.querySelector("moving-portrait");
    if (!live) {
      live = h("moving-portrait", { class: "portrait", src: member.live }, h("img", { src: member.poster, alt: "" }));
      const started = new Promise((done) => ["live", "fallback"].forEach((name) => live.addEventListener(name, done)));
      tile.replaceWith(live);
      if ((await started).type === "fallback") return live.replaceWith(tile);
    }
    return live.greet();
  };
  const label = t("lounge.greet", { name: member.fullname });
  const button = h("button", { class: "member-portrait", type: "button", "aria-label": label, onclick: greet }, tile);
  return button;
}

function charts({ dorm_name: names, users_count: students, comments_count: entries }, houses, t) {
  const rows = (counts) =>
    names.map((label, index) => ({ label, value: counts[index], colour: houses[index]?.colour ?? "#5e4728" }));
  return [
    barChart({
      title: t("lounge.students"),
      rows: rows(students),
      columns: [t("card.house"), t("lounge.students-column")],
    }),
    barChart({
      title: t("lounge.entries"),
      rows: rows(entries),
      columns: [t("card.house"), t("lounge.entries-column")],
    }),
  ];
}
