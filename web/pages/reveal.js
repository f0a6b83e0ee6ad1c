/** The portrait is revealed while it is made: first the painted still, over which the film fades in; then the house. */
import { h, replace } from "../lib/dom.js";
import { howSorted } from "../lib/how-sorted.js";
import { formatWait, hasText } from "../lib/i18n.js";
import { houseNames } from "../lib/house.js";
import { noticeOffer } from "../lib/notice.js";
import { portrait } from "../lib/portrait.js";
import { problem } from "../lib/problem.js";
import { progressBar } from "../lib/progress.js";
import { keep, recall } from "../lib/browser-storage.js";
import { watchPortrait } from "../lib/portrait-polling.js";

const SIDE = 640;

export default async function page(context) {
  const { api, t, go, student, announce, refreshStudent } = context;
  const { houses } = await api.get("/dorm/houses/");
  const house = houses.find(({ id }) => id === student.house.id);
  // The house is announced right after the sorting only.
  const first = recall("reveal", "session") !== null;
  keep("reveal", null, "session");

  const frame = h("div", { class: "reveal-frame" });
  const line = h("p", { class: "reveal-line" });
  const bar = progressBar(t("reveal.progress"));
  const notice = noticeOffer(announce);
  const under = h("div", { class: "reveal-status" }, line, bar.node, notice.node);
  const actions = h("div", { class: "row centred-row" });
  let shown = null;
  let stageSaid = null;
  let unwatch = () => {};

  /** Lay `picture` over what the frame shows; that goes when the new one is there and has faded in. */
  function lay(picture) {
    const before = [...frame.children];
    const image = picture.querySelector("img");
    picture.classList.toggle("coming", before.length > 0);
    const arrive = () => {
      picture.classList.remove("coming");
      const gone = () => before.forEach((node) => node.remove());
      const fading = picture.getAnimations?.() ?? [];
      Promise.allSettled(fading.map(({ finished }) => finished)).then(gone);
    };
    frame.append(picture);
    if (image.complete) arrive();
    else for (const end of ["load", "error"]) image.addEventListener(end, arrive, { once: true });
  }

  function show(state) {
    const finished = state.status === "succeeded";
    const { files } = state;
    // The painted still is there before the film.
    const src = finished ? files.webp : files.poster || files.still || state.portrait;
    if (src && src !== shown) {
      shown = src;
      const what = finished ? "reveal.portrait-alt" : files.poster ? "reveal.painted-alt" : "reveal.still-alt";
      const alt = t(what, { name: student.fullname });
      lay(portrait({ src, avif: finished ? files.avif : null, poster: finished ? files.poster : null, still: files.still, alt, lazy: false, size: SIDE }));
    }
    frame.classList.toggle("painting", state.poll_after !== null);
    bar.node.hidden = state.poll_after === null;
    bar.set(state.progress);
    notice.underWay(state.poll_after !== null);
    if (state.poll_after !== null) return underWay(state);
    if (finished) return done();
    return failed(state);
  }

  function underWay(state) {
    const key = `reveal.stage-${state.stage}`;
    const stage = state.status === "running" && hasText(key) ? t(key) : t("reveal.stage-queued");
    const left = state.eta === null ? "" : ` · ${t("reveal.left", { wait: formatWait(state.eta) })}`;
    replace(line, stage, " ", h("span", { class: "reveal-numbers" }, `${Math.round(state.progress * 100)}%${left}`));
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

  /** The quiz alone has decided: the page is drawn again, in the house that it gave. */
  async function sortedAgain() {
    keep("sorted", null, "session");
    keep("reveal", "yes", "session");
    await refreshStudent();
    go("#/reveal");
  }

  const outcome = readOutcome(house);
  const node = h(
    "section",
    { class: first ? "reveal first" : "reveal" },
    h(
      "div",
      { class: "reveal-portrait" },
      h(
        "div",
        { class: "reveal-picture" },
        frame,
        h(
          "h1",
          { class: "reveal-ribbon" },
          h("img", { src: house.crest, alt: "", width: 40, height: 44 }),
          h("span", {}, first ? t("reveal.heading", { house: houseNames(house) }) : houseNames(house)),
        ),
        under,
      ),
      actions,
    ),
    h(
      "section",
      { class: "reveal-house stack centred", "aria-label": t("reveal.house") },
      h("img", { class: "reveal-crest", src: house.crest, alt: "", width: 200, height: 220 }),
      h("p", { class: "reveal-name" }, houseNames(house)),
      h("p", { class: "lead" }, house.desc),
    ),
    outcome && howSorted(context, outcome, sortedAgain),
  );
  return { title: t("reveal.title"), node, leave: () => unwatch() };
}

/** The answer of the sorting, kept for this tab; null for another house's, and where it cannot be read. */
function readOutcome(house) {
  try {
    const outcome = JSON.parse(recall("sorted", "session") ?? "null");
    return outcome?.house.id === house.id ? outcome : null;
  } catch {
    return null;
  }
}
