/** What stands around every page: the way to the content, the school's name, the rooms, the language. */
import { api } from "./api.js";
import { h, replace } from "./dom.js";
import { LANGUAGES, language, setLanguage, t } from "./i18n.js";
import { nextStep } from "./routes.js";
import { explain } from "./problem.js";
import { toast } from "./toast.js";

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
document.body.prepend(skip, header, nav, main, footer);

/** Draw the frame for `student` (null for a visitor) with the room `hash` marked as the current one. */
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
    h("p", {}, t("shell.machine")),
    h("p", {}, h("a", { href: "/docs/" }, t("shell.docs"))),
  );
  if (student?.house) document.documentElement.dataset.house = student.house.id;
  else delete document.documentElement.dataset.house;
  document.documentElement.classList.toggle("with-rooms", Boolean(student));
}

function roomLink(target, key, icon, hash) {
  return h(
    "a",
    { href: target, "aria-current": target === hash ? "page" : null },
    h("span", { class: `icon icon-${icon}`, "aria-hidden": "true" }),
    t(key),
  );
}

function languageSwitch() {
  const other = LANGUAGES.find((code) => code !== language());
  return h(
    "button",
    { class: "quiet-link", type: "button", lang: other, onclick: () => setLanguage(other) },
    t("shell.other-language"),
  );
}

function signOutButton() {
  const leave = async () => {
    // What the page still has to tell the server is told while somebody is signed in.
    const goodbye = new CustomEvent("goodbye", { detail: [] });
    document.dispatchEvent(goodbye);
    try {
      await Promise.all(goodbye.detail);
      await api.signOut();
    } catch (error) {
      toast(explain(error));
    }
  };
  return h("button", { class: "quiet-link", type: "button", onclick: leave }, t("shell.sign-out"));
}
