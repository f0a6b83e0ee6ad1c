/** The house is revealed while the portrait is still being made: live stage, percentage, time left. */
import { h, replace } from "../lib/dom.js";
import { formatWait, hasText } from "../lib/i18n.js";
import { houseNames } from "../lib/house.js";
import { portrait } from "../lib/portrait.js";
import { problem } from "../lib/problem.js";
import { progressBar } from "../lib/progress.js";
import { keep, recall } from "../lib/browser-storage.js";
import { watchPortrait } from "../lib/portrait-polling.js";

const SIDE = 320;

export default async function page({ api, t, student, announce, refreshStudent }) {
  const { houses } = await api.get("/dorm/houses/");
  const house = houses.find(({ id }) => id === student.house.id);
  // The house is announced right after the sorting only.
  const first = recall("reveal", "session") !== null;
  keep("reveal", null, "session");

  const frame = h("div", { class: "reveal-frame" });
  const line = h("p", { class: "reveal-line" });
  const bar = progressBar(t("reveal.progress"));
  const actions = h("div", { class: "row" });
  let shown = null;
  let stageSaid = null;
  let unwatch = () => {};

  function show(state) {
    const finished = state.status === "succeeded";
    const { files } = state;
    // The painted still is there before the film.
    const src = finished ? files.webp : files.poster || files.still || state.portrait;
    if (src && src !== shown) {
      shown = src;
      const what = finished ? "reveal.portrait-alt" : files.poster ? "reveal.painted-alt" : "reveal.still-alt";
      const alt = t(what, { name: student.fullname });
      const picture = portrait({ src, avif: finished ? files.avif : null, poster: finished ? files.poster : null, still: files.still, alt, lazy: false, size: SIDE });
      picture.classList.toggle("waking", finished);
      replace(frame, picture);
    }
    frame.classList.toggle("painting", state.poll_after !== null);
    bar.node.hidden = state.poll_after === null;
    bar.set(state.progress);
    if (state.poll_after !== null) return underWay(state);
    if (finished) return done();
    return failed(state);
  }

  function underWay(state) {
    const key = `reveal.stage-${state.stage}`;
    const stage = state.status === "running" && hasText(key) ? t(key) : t("reveal.stage-queued");
    const left = state.eta === null ? "" : ` · ${t("reveal.left", { wait: formatWait(state.eta) })}`;
    replace(line, stage, h("span", { class: "reveal-numbers" }, `${Math.round(state.progress * 100)}%${left}`));
    // Each stage is announced once, and not each percent.
    if (stage !== stageSaid) announce(stage);
    stageSaid = stage;
    replace(actions, h("a", { class: "button quiet", href: "#/room" }, t("reveal.later")));
  }

  function done() {
    line.textContent = t("reveal.done");
    announce(t("reveal.done"));
    replace(
      actions,
      h("a", { class: "button", href: "#/card" }, t("reveal.to-card")),
      h("a", { class: "button quiet", href: "#/choose" }, t("reveal.another")),
    );
    refreshStudent().catch(() => {}); // the next page loads the record anyway
  }

  function failed(state) {
    line.textContent = state.error?.message ?? t(state.status === "none" ? "reveal.none" : "reveal.cancelled");
    announce(line.textContent);
    const again = h("button", { class: "button", type: "button" }, t("problem.again"));
    again.addEventListener("click", async () => {
      again.disabled = true;
      try {
        await api.post("/user/portrait/retry/");
        watch();
      } catch (error) {
        again.disabled = false;
        if (error.code !== "session_expired") replace(actions, problem(error), newPhoto());
      }
    });
    // Trying again with the same photo would fail again.
    const retry = state.status !== "none" && state.error?.code !== "no_face";
    replace(actions, retry && again, newPhoto(retry));
  }

  const newPhoto = (quiet = true) =>
    h("a", { class: quiet ? "button quiet" : "button", href: "#/photo" }, t("reveal.new-photo"));

  function watch() {
    unwatch();
    unwatch = watchPortrait(api, show);
  }
  watch();

  const node = h(
    "section",
    { class: first ? "reveal first" : "reveal" },
    h(
      "div",
      { class: "reveal-house stack centred" },
      h("img", { class: "reveal-crest", src: house.crest, alt: "", width: 200, height: 220 }),
      h("h1", {}, first ? t("reveal.heading", { house: houseNames(house) }) : houseNames(house)),
      h("p", { class: "lead" }, house.desc),
    ),
    h(
      "div",
      { class: "sheet stack centred reveal-portrait" },
      h("h2", {}, t("reveal.portrait")),
      frame,
      line,
      bar.node,
      actions,
    ),
  );
  return { title: t("reveal.title"), node, leave: () => unwatch() };
}
