/** The landing page: portraits that move, what the service does, the steps, and links to sign up and sign in. */
import { h } from "../lib/dom.js";
import { livePortrait, portrait } from "../lib/portrait.js";
import { nextStep } from "../lib/routes.js";

const STEPS = ["photo", "sorting", "card"];
const DOOR = [1, 2, 3];
const DOOR_SIDE = 220;

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
        h("div", { class: "row" }, actions, h("a", { class: "quiet-link", href: "/live/" }, t("welcome.try"))),
      ),
      h("div", { class: "door", role: "group", "aria-label": t("welcome.portraits") }, DOOR.map((number) => hung(number, t))),
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

/**
 * A portrait of the front door: the painted still at once, and when the page is there and nothing else is loaded, one that
 * looks at the pointer, or the film where that cannot be played.
 */
function hung(number, t) {
  const file = (suffix) => `/web/art/door/${number}.${suffix}`;
  const alt = t(`welcome.portrait-${number}`);
  const still = portrait({ src: file("jpg"), poster: file("jpg"), alt, lazy: false, size: DOOR_SIDE });
  const saving = navigator.connection?.saveData ?? false;
  if (saving || matchMedia("(prefers-reduced-motion: reduce)").matches) return still;
  const wake = async () => {
    const files = { src: file("webp"), avif: file("avif"), poster: file("jpg"), still: file("jpg") };
    const awake = livePortrait({ live: file("live"), ...files, alt, lazy: false, size: DOOR_SIDE });
    // Decoded before it takes the place of the still, so that nothing flickers.
    await awake.querySelector("img").decode().catch(() => {});
    still.replaceWith(awake);
  };
  const later = () => setTimeout(wake, 300 * number);
  if (document.readyState === "complete") later();
  else window.addEventListener("load", later, { once: true });
  return still;
}
