/** The student card: view, download, share. */
import { studentCard } from "../lib/card.js";
import { confirm } from "../lib/confirm.js";
import { h, replace } from "../lib/dom.js";
import { keeping } from "../lib/keeping.js";
import { keepCard } from "../lib/own-copy.js";
import { publicFile } from "../lib/sharing.js";
import { formatDay } from "../lib/i18n.js";
import { load, problem } from "../lib/problem.js";
import { watchPortrait } from "../lib/portrait-polling.js";

// Format, suffix of the file, media type.
const FORMATS = [
  ["png", "png", "image/png"],
  ["square", "square.png", "image/png"],
  ["story", "story.mp4", "video/mp4"],
  ["mp4", "mp4", "video/mp4"],
  ["webp", "webp", "image/webp"],
  ["gif", "gif", "image/gif"],
];
const PORTRAIT_FORMATS = [
  ["mp4", "mp4", "video/mp4"],
  ["webp", "webp", "image/webp"],
  ["gif", "gif", "image/gif"],
  ["poster", "png", "image/png"],
];

export default async function page(context) {
  const { api, t, announce, student } = context;
  let card = await api.get("/dorm/card/");
  const stage = h("div", { class: "card-stage" });
  const sharing = h("div", {});
  const own = h("div", { class: "card-portrait" });
  const show = () => {
    replace(stage, studentCard(card));
    replace(own, portraitSection(context, card));
    keepCard(student, card);
  };
  show();
  const notice = h("p", { class: "card-notice", hidden: true });
  const stop = watchPortrait(api, async (status) => {
    notice.hidden = status.poll_after === null;
    notice.textContent = t("card.being-painted", { percent: Math.round(status.progress * 100) });
    if (status.status !== "succeeded" || status.files.webp === card.portrait.webp) return;
    card = { ...card, portrait: status.files };
    show();
    announce(t("card.ready"));
  });
  // The state of the sharing is loaded separately.
  load(sharing, async () => shareSection(context, await api.get("/dorm/card/share/")));
  const node = h(
    "div",
    { class: "stack loose" },
    h("h1", {}, t("card.title")),
    stage,
    notice,
    h("div", { class: "card-doings" }, keepSection(context, () => card.number), own, sharing),
  );
  return { title: t("card.title"), node, leave: stop };
}

function keepSection({ api, t, announce }, number) {
  const files = FORMATS.map(([format, suffix, type]) => ({
    name: `student-card-${number()}.${suffix}`,
    title: t(`card.${format}`),
    text: t(`card.${format}-text`),
    type,
    load: () => api.blob(`/dorm/card/image/?format=${format}&download=1`),
  }));
  return h(
    "section",
    { class: "sheet stack", "aria-labelledby": "keep" },
    h("h2", { id: "keep" }, t("card.keep")),
    h("p", {}, t("card.keep-text")),
    keeping(files, announce),
  );
}

/** The portrait itself, without the card; empty while there is none. */
function portraitSection({ t, announce }, { portrait: made, number }) {
  const files = PORTRAIT_FORMATS.filter(([name]) => made[name] && made.webp).map(([name, suffix, type]) => ({
    name: `portrait-${number}.${suffix}`,
    title: t(`card.portrait-${name}`),
    text: t(`card.portrait-${name}-text`),
    type,
    load: () => publicFile(made[name]),
  }));
  return (
    files.length > 0 &&
    h(
      "section",
      { class: "sheet stack", "aria-labelledby": "keep-portrait" },
      h("h2", { id: "keep-portrait" }, t("card.keep-portrait")),
      keeping(files, announce),
    )
  );
}

/** `state` is the answer of `/dorm/card/share/`; each change draws the section again. */
function shareSection(context, state) {
  const { api, t, announce } = context;
  const root = h("section", { class: "sheet stack", "aria-labelledby": "share" });
  draw(state);
  return root;

  function draw(current, said = null) {
    const box = h("div", {});
    const change = async (call, sentence, button) => {
      button.disabled = true;
      replace(box);
      try {
        draw(await call(), sentence);
      } catch (error) {
        button.disabled = false;
        if (error.code !== "session_expired") replace(box, problem(error, () => change(call, sentence, button)));
      }
    };
    const heading = h("h2", { id: "share", tabindex: "-1" }, t("card.share"));
    replace(root, heading, current.shared ? shared(current, change) : unshared(change), box);
    if (!said) return;
    // The pressed button is removed, so the focus must be set.
    heading.focus({ preventScroll: true });
    announce(said);
  }

  function unshared(change) {
    const start = (event) => change(() => api.post("/dorm/card/share/"), t("card.shared"), event.currentTarget);
    return [
      h("p", {}, t("card.share-text")),
      h("p", { class: "hint" }, t("card.share-secret")),
      h("button", { class: "button", type: "button", onclick: start }, icon("share"), t("card.share-start")),
    ];
  }

  function shared({ url, created }, change) {
    const address = h("input", { class: "address", readonly: true, value: url, "aria-label": t("card.address") });
    address.addEventListener("focus", () => address.select());
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(url);
        context.toast(t("card.copied"));
      } catch {
        // Without permission or HTTPS the address is selected, to be copied by keyboard.
        address.focus();
        announce(t("card.copy-by-hand"));
      }
    };
    const stop = async (event) => {
      const button = event.currentTarget;
      const sure = await confirm({
        title: t("card.share-stop"),
        text: t("card.share-stop-text"),
        yes: t("card.share-stop"),
        no: t("card.share-stay"),
      });
      if (sure) change(() => api.delete("/dorm/card/share/"), t("card.unshared"), button);
    };
    return [
      h("p", {}, t("card.shared-since", { day: formatDay(created) })),
      h("div", { class: "field" }, address),
      h(
        "div",
        { class: "row" },
        h("button", { class: "button", type: "button", onclick: copy }, icon("copy"), t("card.copy")),
        navigator.share && h("button", { class: "button quiet", type: "button", onclick: send }, t("card.send")),
        h("a", { href: url, target: "_blank", rel: "noopener" }, t("card.look")),
      ),
      h("p", { class: "hint" }, t("card.share-secret")),
      h("div", {}, h("button", { class: "link-button", type: "button", onclick: stop }, t("card.share-stop"))),
    ];

    async function send() {
      try {
        await navigator.share({ title: t("card.title"), url });
      } catch {
        // The dialog was closed without a choice.
      }
    }
  }
}

function icon(name) {
  return h("span", { class: `icon icon-${name}`, "aria-hidden": "true" });
}
