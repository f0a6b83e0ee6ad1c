/** The frame around every page: the skip link, the school's name, the navigation, the language. */
import { api } from "./api.js";
import { h, replace } from "./dom.js";
import { language, languages, setLanguage, t } from "./i18n.js";
import { installOffer } from "./install.js";
import { forgetCard } from "./own-copy.js";
import { nextStep } from "./routes.js";

const ROOMS = [
  ["#/room", "shell.room", "room"],
  ["#/card", "shell.card", "card"],
  ["#/lounge", "shell.lounge", "lounge"],
  ["#/account", "shell.account", "account"],
];

const header = h("header", { class: "top" });
const nav = h("nav", { class: "rooms" });
export const main = h("main", { id: "main", tabindex: "-1" });
const footer = h("footer", { class: "foot" });
const skip = h("a", { class: "skip", href: "#main" });
// The hash belongs to the pages, so the link moves the focus by itself.
skip.addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
// Not by a media query alone: some phones claim to have a pointer that hovers.
const touch = navigator.maxTouchPoints > 0 || matchMedia("(pointer: coarse)").matches;
document.documentElement.classList.toggle("touch", touch);
document.body.prepend(skip, header, nav, main, footer);

/** Draw the frame for `student` (null for a visitor) with `hash` marked as the current page. */
export function drawShell(student, hash) {
  skip.textContent = t("shell.skip");
  replace(
    header,
    h(
      "a",
      { class: "brand", href: nextStep(student), "aria-label": t("shell.home") },
      h("img", { src: "/web/art/candle.svg", alt: "", width: 28, height: 36 }),
      h("span", {}, t("shell.school")),
    ),
    h("div", { class: "top-tools" }, languageSwitch(), student ? signOutButton() : null),
  );
  nav.setAttribute("aria-label", t("shell.rooms"));
  nav.hidden = !student;
  const rooms = student?.house ? ROOMS : ROOMS.slice(-1);
  replace(
    nav,
    student &&
      h(
        "ul",
        {},
        !student.house && h("li", {}, roomLink(nextStep(student), "shell.enrol", "card", hash)),
        rooms.map(([target, key, icon]) => h("li", {}, roomLink(target, key, icon, hash))),
      ),
  );
  replace(
    footer,
    installOffer(),
    h("p", {}, t("shell.machine")),
    h("p", {}, h("a", { href: "/docs/" }, t("shell.docs"))),
  );
  setHouseColours(student?.house);
  document.documentElement.classList.toggle("with-rooms", Boolean(student));
}

/** The whole page in the colours of `house`, or in its own without one. */
function setHouseColours(house) {
  const root = document.documentElement;
  if (house) {
    root.dataset.house = house.id;
    root.style.setProperty("--house-colour", house.colour);
  } else {
    delete root.dataset.house;
    root.style.removeProperty("--house-colour");
  }
}

function roomLink(target, key, icon, hash) {
  return h(
    "a",
    { href: target, "aria-current": target === hash ? "page" : null },
    h("span", { class: `icon icon-${icon}`, "aria-hidden": "true" }),
    t(key),
  );
}

/** A button for each of the other languages. */
function languageSwitch() {
  const others = languages().filter(({ code }) => code !== language());
  return others.map(({ code, name }) =>
    h("button", { class: "quiet-link", type: "button", lang: code, onclick: () => setLanguage(code) }, name),
  );
}

function signOutButton() {
  const leave = async () => {
    // Pending requests of the page are sent while the session is still open.
    const goodbye = new CustomEvent("goodbye", { detail: [] });
    document.dispatchEvent(goodbye);
    // Also where the server cannot be told.
    await forgetCard();
    try {
      await Promise.all(goodbye.detail);
      await api.signOut();
    } catch {
      document.dispatchEvent(new Event("forgotten"));
    }
  };
  return h("button", { class: "quiet-link", type: "button", onclick: leave }, t("shell.sign-out"));
}
