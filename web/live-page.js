/** `/live/`: a live portrait with a slider for each motion, and a file of the visitor's own. `?src=` names another one. */
import "./lib/live.js";
import { h, replace } from "./lib/dom.js";
import { language, languages, setLanguage, t } from "./lib/i18n.js";
import { AT_REST, SIGNED } from "./lib/live/scene.js";

const PORTRAITS = ["mona-lisa", "girl-with-a-pearl-earring", "nikolai-gogol"];
const MOTIONS = ["nod", "smile", "wink", "tilt", "greet"];

const asked = new URLSearchParams(location.search).get("src");
let source = asked ?? `/web/art/live/${PORTRAITS[0]}.live`;
const main = h("main", { class: "page live-page stack loose", id: "main" });
document.body.append(main);
draw();
document.addEventListener("languagechange", draw);

function draw() {
  document.title = t("live.title");
  const news = h("p", { role: "status" });
  const held = { ...AT_REST };
  const portrait = h("moving-portrait", { class: "portrait", follow: true, greets: true, alt: t("live.alt") });
  portrait.addEventListener("live", () => (news.textContent = ""));
  portrait.addEventListener("fallback", () => (news.textContent = t("live.fallback")));
  const show = (url) => {
    source = url;
    portrait.setAttribute("src", url);
  };
  const sliders = Object.keys(AT_REST).map((name) => {
    const input = h("input", { type: "range", min: SIGNED.has(name) ? -1 : 0, max: 1, step: 0.01, value: 0 });
    input.addEventListener("input", () => {
      held[name] = input.valueAsNumber;
      portrait.hold(held);
    });
    return { input, node: h("label", { class: "live-slider" }, h("span", {}, t(`live.${name}`)), input) };
  });
  const release = () => {
    Object.assign(held, AT_REST);
    for (const { input } of sliders) input.value = 0;
    portrait.hold(null);
  };
  const own = h("input", { type: "file", accept: ".live" });
  own.addEventListener("change", () => own.files[0] && show(URL.createObjectURL(own.files[0])));
  const others = languages().filter(({ code }) => code !== language());
  replace(
    main,
    h(
      "p",
      { class: "row" },
      h("a", { href: "/" }, t("shell.school")),
      others.map(({ code, name }) =>
        h("button", { class: "quiet-link", type: "button", lang: code, onclick: () => setLanguage(code) }, name),
      ),
    ),
    h("h1", {}, t("live.title")),
    h("p", { class: "lead" }, t("live.lead")),
    h(
      "div",
      { class: "live-stage" },
      h("div", { class: "stack" }, portrait, news, chooser(show)),
      h(
        "section",
        { class: "sheet stack", "aria-labelledby": "motions" },
        h("h2", { id: "motions" }, t("live.motions")),
        sliders.map(({ node }) => node),
        h("button", { class: "button quiet", type: "button", onclick: release }, t("live.release")),
        h(
          "div",
          { class: "row" },
          MOTIONS.map((name) =>
            h(
              "button",
              {
                class: "button",
                type: "button",
                onclick: () => {
                  release();
                  portrait.play(name);
                },
              },
              t(`live.play-${name}`),
            ),
          ),
        ),
        h("label", { class: "field" }, t("live.own"), own),
      ),
    ),
  );
  show(source);
}

function chooser(show) {
  return h(
    "div",
    { class: "live-choice", role: "group", "aria-label": t("live.choose") },
    PORTRAITS.map((name) =>
      h(
        "button",
        { class: "live-thumb", type: "button", onclick: () => show(`/web/art/live/${name}.live`) },
        h("img", { src: `/web/art/live/${name}.webp`, alt: t(`welcome.${name}`), width: 72, height: 72 }),
      ),
    ),
  );
}
