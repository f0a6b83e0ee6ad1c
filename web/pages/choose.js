/** Another portrait from the same photo, in a chosen style and motion; and the earlier portraits to go back to. */
import { h, replace } from "../lib/dom.js";
import { ownPreviews } from "../lib/own-previews.js";
import { performing } from "../lib/perform.js";
import { picker } from "../lib/picker.js";
import { portrait } from "../lib/portrait.js";
import { load, problem } from "../lib/problem.js";

const EARLIER_SIDE = 150;

export default async function page({ api, t, go, toast, announce, refreshStudent, student }) {
  const options = await api.get("/user/portrait/options/");
  const now = await api.get("/user/portrait/");
  const titles = Object.fromEntries([...options.styles, ...options.motions].map(({ name, title }) => [name, title]));
  titles.performed = t("picker.performed");
  const wishes = picker(options, now);
  const stopPreviews = ownPreviews(api, wishes.showOwn);
  const own = performing({ api, announce }, wishes.offerPerformed);
  const box = h("div", {});
  const earlier = h("div", { class: "stack" });

  const make = h("button", { class: "button", type: "button" }, t("choose.make"));
  async function again() {
    make.disabled = true;
    replace(box);
    try {
      await api.post("/user/portrait/again/", wishes.value());
      await refreshStudent();
      go(student.house ? "#/reveal" : "#/sorting");
    } catch (error) {
      make.disabled = false;
      if (error.code === "session_expired") return;
      replace(
        box,
        problem(error, error.passing ? again : null),
        ["photo_missing", "nothing_to_repeat"].includes(error.code) && h("a", { href: "#/photo" }, t("reveal.new-photo")),
      );
    }
  }
  make.addEventListener("click", again);

  async function history() {
    const { portraits, kept } = await api.get("/user/portrait/history/");
    if (!portraits.length) return h("p", {}, t("choose.none-yet"));
    return h(
      "div",
      { class: "stack" },
      h("p", { class: "small" }, t("choose.kept", { n: kept })),
      h(
        "ul",
        { class: "earlier" },
        portraits.map((entry) => earlierEntry(entry)),
      ),
    );
  }

  function earlierEntry({ id, style, motion, files, current }) {
    const what = `${titles[style] ?? style} · ${titles[motion] ?? motion}`;
    const wear = h("button", { class: "button quiet", type: "button" }, t("choose.wear"));
    const trouble = h("div", {});
    wear.addEventListener("click", async () => {
      wear.disabled = true;
      try {
        await api.post("/user/portrait/choose/", { id });
        await refreshStudent();
        toast(t("choose.worn"));
        await load(earlier, history);
      } catch (error) {
        wear.disabled = false;
        if (error.code !== "session_expired") replace(trouble, problem(error));
      }
    });
    return h(
      "li",
      { class: "stack centred" },
      portrait({ src: files.tile ?? files.webp, poster: files.poster, still: files.still, alt: what, size: EARLIER_SIDE }),
      h("p", { class: "small" }, what),
      current ? h("p", { class: "small" }, h("strong", {}, t("choose.current"))) : wear,
      trouble,
    );
  }

  load(earlier, history);
  const node = h(
    "div",
    { class: "stack loose" },
    h(
      "section",
      { class: "sheet stack loose roomy" },
      h("div", { class: "stack" }, h("h1", {}, t("choose.title")), h("p", {}, t("choose.lead"))),
      wishes.node,
      own.node,
      h("div", { class: "always stack tight" }, box, h("div", { class: "row" }, make)),
      h("p", {}, h("a", { href: "#/photo" }, t("reveal.new-photo"))),
    ),
    h("section", { class: "sheet stack roomy" }, h("h2", {}, t("choose.earlier")), earlier),
  );
  const leave = () => {
    stopPreviews();
    own.leave();
  };
  return { title: t("choose.title"), node, leave };
}
