/** The student card: view, download, share. */
import { studentCard } from "../lib/card.js";
import { confirm } from "../lib/confirm.js";
import { h, replace } from "../lib/dom.js";
import { formatDay } from "../lib/i18n.js";
import { load, problem } from "../lib/problem.js";
import { watchPortrait } from "../lib/portrait-polling.js";

const FORMATS = ["png", "webp", "gif", "mp4"];
// By then the browser has read the bytes of the download.
const RELEASE_AFTER = 60_000;

export default async function page(context) {
  const { api, t, announce } = context;
  let card = await api.get("/dorm/card/");
  const stage = h("div", { class: "card-stage" });
  const sharing = h("div", {});
  const show = () => replace(stage, studentCard(card));
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
    h("div", { class: "card-doings" }, keepSection(context, () => card.number), sharing),
  );
  return { title: t("card.title"), node, leave: stop };
}

function keepSection({ api, t, announce }, number) {
  const box = h("div", {});
  const download = async (format, button) => {
    replace(box);
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    announce(t("card.drawing"));
    try {
      const blob = await api.blob(`/dorm/card/image/?format=${format}&download=1`);
      save(blob, `student-card-${number()}.${format}`);
      announce(t("card.saved"));
    } catch (error) {
      if (error.code !== "session_expired") replace(box, problem(error, () => download(format, button)));
    } finally {
      button.removeAttribute("aria-busy");
      button.disabled = false;
    }
  };
  return h(
    "section",
    { class: "sheet stack", "aria-labelledby": "keep" },
    h("h2", { id: "keep" }, t("card.keep")),
    h("p", {}, t("card.keep-text")),
    h(
      "ul",
      { class: "formats" },
      FORMATS.map((format) =>
        h(
          "li",
          {},
          h(
            "button",
            { class: "format", type: "button", onclick: (event) => download(format, event.currentTarget) },
            h("span", { class: "icon icon-download", "aria-hidden": "true" }),
            h("span", {}, h("b", {}, t(`card.${format}`)), h("span", { class: "hint" }, t(`card.${format}-text`))),
          ),
        ),
      ),
    ),
    box,
  );
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), RELEASE_AFTER);
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
