/** A quiet offer to install the page as an app: by the browser's own dialog, or in words where it has none. */
import { h, replace } from "./dom.js";
import { keep, recall } from "./browser-storage.js";
import { language, t } from "./i18n.js";

const DISMISSED = "install-dismissed";

const installed = matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;
// Of the browsers that have this attribute those with a touch screen add a page to the home screen by a menu alone.
const byHand = "standalone" in navigator && navigator.maxTouchPoints > 0;
const node = h("aside", { class: "install", hidden: true });
// The browser's dialog, once it has offered it; it opens once.
let dialog = null;

window.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  dialog = event;
  installOffer();
});
window.addEventListener("appinstalled", () => {
  dialog = null;
  installOffer();
});

/**
 * The node of the offer, drawn in the current language, which is the app's too; hidden where there is nothing to offer, or
 * that is not wanted.
 */
export function installOffer() {
  const manifest = document.querySelector("link[rel=manifest]");
  const address = `/app.webmanifest?lang=${language()}`;
  if (manifest?.getAttribute("href") !== address) manifest?.setAttribute("href", address);
  node.hidden = installed || recall(DISMISSED) !== null || !(dialog || byHand);
  node.setAttribute("aria-label", t("install.title"));
  replace(
    node,
    h("p", {}, dialog ? t("install.text") : t("install.by-hand")),
    h(
      "div",
      { class: "row" },
      dialog && h("button", { class: "button quiet", type: "button", "data-act": "install", onclick: install }, t("install.install")),
      h("button", { class: "quiet-link", type: "button", "data-act": "dismiss", onclick: dismiss }, t("install.dismiss")),
    ),
  );
  return node;
}

async function install() {
  const asked = dialog;
  dialog = null;
  node.hidden = true;
  asked.prompt();
  const { outcome } = await asked.userChoice;
  if (outcome === "dismissed") dismiss();
}

function dismiss() {
  keep(DISMISSED, "yes");
  node.hidden = true;
}
