/**
 * "Your portrait is ready": a notification of the system, for a student who has asked for it by a tap and looks at something
 * else. The page itself shows it, as long as it is open somewhere; no server sends anything to the device.
 */
import { h, replace } from "./dom.js";
import { language, t } from "./i18n.js";

const able = "Notification" in window && "serviceWorker" in navigator;

/** Whether the student has asked for it and the browser allows it. */
export function noticeWanted() {
  return able && Notification.permission === "granted";
}

/**
 * `{node, underWay(is)}`: a button to ask for the notification, shown while a portrait is under way. Nothing is shown
 * where the browser has none or it was denied.
 */
export function noticeOffer(announce) {
  const node = h("p", { class: "notice small", hidden: true });
  let shown = false;
  const ask = h("button", { class: "link-button", type: "button", "data-act": "notice" }, t("notice.ask"));
  ask.addEventListener("click", async () => {
    await Notification.requestPermission();
    draw();
    if (noticeWanted()) announce(t("notice.promised"));
  });

  function draw() {
    const permission = able ? Notification.permission : "denied";
    node.hidden = !shown || permission === "denied";
    replace(node, permission === "granted" ? t("notice.promised") : ask);
  }

  const underWay = (is) => {
    if (is === shown) return;
    shown = is;
    draw();
  };
  return { node, underWay };
}

/** Show the notification, unless the page is in sight. It has no name and no picture of anybody. */
export async function portraitReady() {
  if (!noticeWanted() || document.visibilityState === "visible") return;
  const registration = await navigator.serviceWorker.getRegistration();
  await registration?.showNotification(t("notice.title"), {
    body: t("notice.text"),
    lang: language(),
    icon: "/web/art/app-192.png",
    tag: "portrait",
    data: { hash: "#/room" },
  });
}
