/** The student's room: the portrait, the house, and links to the other pages. */
import { h, replace } from "../lib/dom.js";
import { formatDay } from "../lib/i18n.js";
import { houseNames } from "../lib/house.js";
import { noticeOffer } from "../lib/notice.js";
import { keepCard } from "../lib/own-copy.js";
import { livePortrait } from "../lib/portrait.js";
import { problem } from "../lib/problem.js";
import { progressBar } from "../lib/progress.js";
import { watchPortrait } from "../lib/portrait-polling.js";

export default async function page(context) {
  const { api, t, announce, student } = context;
  const [card, { houses }] = await Promise.all([api.get("/dorm/card/"), api.get("/dorm/houses/")]);
  const house = houses.find((each) => each.id === card.house.id);
  const frame = h("div", { class: "room-portrait" });
  const news = h("div", { class: "room-news" });
  const showPortrait = ({ webp, avif, poster, still, live }) => {
    const alt = t(webp ? "card.portrait-alt" : "card.photo-alt", { name: card.fullname });
    replace(frame, livePortrait({ live, src: webp ?? still, avif, poster, still, alt, lazy: false, size: 320 }));
  };
  showPortrait(card.portrait);
  keepCard(student, card);
  let shown = card.portrait.webp;
  let stop = () => {};
  const watch = () => {
    stop = watchPortrait(api, (status) => {
      tell(status);
      if (status.status !== "succeeded" || status.files.webp === shown) return;
      shown = status.files.webp;
      showPortrait(status.files);
      keepCard(student, { ...card, portrait: status.files });
      announce(t("card.ready"));
    });
  };
  const tell = newsAbout(news, context, watch);
  watch();
  const node = h(
    "div",
    { class: "stack loose" },
    h("h1", { class: "room-title" }, t("room.welcome", { name: card.fullname })),
    wall(frame, house),
    news,
    h(
      "div",
      { class: "room-sheets" },
      h(
        "section",
        { class: "sheet room-house", "aria-labelledby": "house" },
        h("img", { src: house.crest, alt: t("card.crest", { house: house.name }), width: 100, height: 110 }),
        h(
          "div",
          { class: "stack" },
          h("h2", { id: "house" }, houseNames(house)),
          h("p", { class: "room-motto" }, house.desc),
          h(
            "p",
            { class: "hint" },
            t("room.member", { number: card.number, day: card.join_date ? formatDay(card.join_date) : "–" }),
          ),
        ),
      ),
      h(
        "section",
        { class: "sheet stack", "aria-labelledby": "ways" },
        h("h2", { id: "ways" }, t("room.ways")),
        h("ul", { class: "ways" }, ["card", "lounge", "choose", "photo"].map((way) => h("li", {}, wayTo(way, t)))),
      ),
    ),
  );
  return { title: t("shell.room"), node, leave: () => stop() };
}

/** The wall with the portrait; everything else on it is decorative. */
function wall(frame, house) {
  const drawing = (name, width, height) =>
    h("img", { class: `wall-${name}`, src: `/web/art/${name}.svg`, alt: "", width, height });
  return h(
    "div",
    { class: "wall" },
    drawing("window", 200, 260),
    h(
      "div",
      { class: "wall-middle" },
      frame,
      h("p", { class: "wall-plate", "aria-hidden": "true" }, house.name),
      ["left", "right"].map((side) =>
        h("img", { class: `wall-candle ${side}`, src: "/web/art/candle.svg", alt: "", width: 56, height: 72 }),
      ),
    ),
    drawing("shelf", 200, 260),
  );
}

function wayTo(way, t) {
  return h(
    "a",
    { class: "way", href: `#/${way}` },
    h("span", { class: `icon icon-${way}`, "aria-hidden": "true" }),
    h("span", {}, h("b", {}, t(`room.${way}`)), h("span", { class: "hint" }, t(`room.${way}-text`))),
  );
}

/**
 * The state of an unfinished portrait: its progress, or why it failed. Returns the function that takes each answer of
 * `GET /user/portrait/`; `watch()` is called when polling has to start again.
 */
function newsAbout(root, { api, t, announce }, watch) {
  const words = h("p", {});
  const bar = progressBar(t("room.progress"));
  const notice = noticeOffer(announce);
  notice.underWay(true);
  const progress = h(
    "section",
    { class: "sheet stack" },
    words,
    bar.node,
    notice.node,
    h("p", {}, h("a", { href: "#/reveal" }, t("room.watch"))),
  );
  return ({ status, progress: done, error }) => {
    if (status === "queued" || status === "running") {
      const percent = Math.round(done * 100);
      words.textContent = t(`room.${status}`, { percent });
      bar.set(done);
      // Created once: replacing it every second would lose the keyboard focus.
      if (!progress.isConnected) replace(root, progress);
    } else {
      replace(root, status === "failed" && failure(error));
    }
  };

  function failure(error) {
    const box = h("div", {});
    const retry = async () => {
      replace(box);
      try {
        await api.post("/user/portrait/retry/");
        watch();
      } catch (refusal) {
        if (refusal.code !== "session_expired") replace(box, problem(refusal, refusal.passing ? retry : null));
      }
    };
    // Trying again with the same photo would fail again.
    const again = error.code !== "no_face";
    return h(
      "section",
      { class: "sheet stack", role: "status" },
      h("h2", {}, t("room.failed")),
      h("p", {}, error.message),
      box,
      h(
        "div",
        { class: "row" },
        again && h("button", { class: "button", type: "button", onclick: retry }, t("room.retry")),
        h("a", { class: again ? "button quiet" : "button", href: "#/photo" }, t("room.other-photo")),
      ),
    );
  }
}
