/** The landing page: what the service does, the steps, and links to sign up and sign in. */
import { h } from "../lib/dom.js";
import { nextStep } from "../lib/routes.js";

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
      h("img", { class: "hero-art", src: "/web/art/castle.svg", alt: "", width: 720, height: 420 }),
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
