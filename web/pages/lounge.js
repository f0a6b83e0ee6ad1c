/** The lounge: members of the houses, two charts, and the guestbook. */
import { barChart } from "../lib/chart.js";
import { h, replace } from "../lib/dom.js";
import { guestbook } from "../lib/guestbook.js";
import { houseColours } from "../lib/house.js";
import { portrait } from "../lib/portrait.js";
import { problem } from "../lib/problem.js";

// The minimum width at which all houses are open. Portraits are films; on a phone they are loaded on demand.
const ROOMY = "(min-width: 52rem)";

export default async function page(context) {
  const { api, t, student } = context;
  const body = h("div", { class: "stack loose", "aria-busy": "true" }, skeleton());
  let book = null;
  let over = false;

  async function fill() {
    const [lounge, stats] = await Promise.all([api.get("/lounge/"), api.get("/lounge/stats/")]);
    if (over) return null;
    book = guestbook(context, stats.houses);
    body.removeAttribute("aria-busy");
    return [
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
    ];
  }
  const shown = (made) => made && replace(body, made);
  const trouble = (error) => error.code !== "session_expired" && replace(body, problem(error, again, { patient: true }));
  const again = () => fill().then(shown, trouble);
  again();

  const node = h(
    "div",
    { class: "stack loose" },
    h(
      "header",
      { class: "lounge-head" },
      h("div", {}, h("h1", {}, t("lounge.title")), h("p", { class: "lead" }, t("lounge.lead", { name: student.fullname }))),
      h("img", { src: "/web/art/hearth.svg", alt: "", width: 240, height: 184 }),
    ),
    body,
  );
  const leave = () => {
    over = true;
    return book?.leave();
  };
  return { title: t("lounge.title"), node, leave };
}

/** The outlines of what is coming, so that nothing jumps when it is there. */
function skeleton() {
  const wall = () => h("span", { class: "skeleton skeleton-wall" });
  return h("div", { class: "stack", "aria-hidden": "true" }, wall(), wall(), wall(), wall(), h("span", { class: "skeleton skeleton-sheet" }));
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
                // The caption has the name.
                portrait({ src: member.portrait, poster: member.poster || null, alt: "", size: 150 }),
                h("figcaption", {}, h("bdi", {}, member.fullname)),
              ),
            ),
          ),
        )
      : h("p", { class: "small" }, t(own ? "lounge.alone" : "lounge.empty-house")),
  );
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
