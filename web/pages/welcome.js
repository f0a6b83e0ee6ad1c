/** The landing page: what the service does, the steps, and links to sign up and sign in. */
import { h } from "../lib/dom.js";
import { livePortrait } from "../lib/portrait.js";
import { nextStep } from "../lib/routes.js";

// Paintings by others, painted again; they look at the pointer.
const PORTRAITS = ["mona-lisa", "girl-with-a-pearl-earring", "nikolai-gogol"];
const STEPS = ["photo", "sorting", "card"];

export default async function page({ t, student }) {
  const actions = student
    ? [h("a", { class: "button", href: nextStep(student) }, t("welcome.go-on", { name: student.fullname }))]
    : [
        h("a", { class: "button", href: "#/sign-up" }, t("welcome.sign-up")),
        h("a", { class: "button quiet", href: "#/sign-in" }, t("welcome.sign-in")),
      ];
  const node = h(
    "div",
    { class: "stack loose" },
    h(
      "section",
      { class: "hero" },
      h(
        "div",
        { class: "hero-words stack" },
        h("h1", {}, t("welcome.heading")),
        h("p", { class: "lead" }, t("welcome.lead")),
        h("div", { class: "row" }, actions),
      ),
      h(
        "div",
        { class: "hero-art" },
        h("img", { src: "/web/art/castle.svg", alt: "", width: 720, height: 420 }),
        h(
          "div",
          { class: "hero-portraits" },
          PORTRAITS.map((name) =>
            livePortrait({
              live: `/web/art/live/${name}.live`,
              src: `/web/art/live/${name}.webp`,
              poster: `/web/art/live/${name}.webp`,
              alt: t(`welcome.${name}`),
              size: 192,
            }),
          ),
        ),
        h("p", { class: "hint hero-try" }, h("a", { href: "/live/" }, t("welcome.try"))),
      ),
    ),
    h(
      "section",
      { class: "sheet wide", "aria-labelledby": "steps" },
      h("h2", { id: "steps", class: "visually-hidden" }, t("welcome.steps")),
      h(
        "ol",
        { class: "steps" },
        STEPS.map((step) =>
          h(
            "li",
            { class: `step step-${step}` },
            h("h3", {}, t(`welcome.step-${step}`)),
            h("p", {}, t(`welcome.step-${step}-text`)),
          ),
        ),
      ),
    ),
  );
  return { title: t("welcome.title"), node };
}
