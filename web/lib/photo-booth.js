/** The camera with its buttons: take the photo at once or in three seconds, and go to the other camera. */
import { openCamera } from "./camera.js";
import { countdown } from "./countdown.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";

const SECONDS = 3;

/**
 * Resolves to `{node, stop()}` when the camera is open. `take(blob)` gets the photo, `fail()` is called where the camera
 * cannot be used any more, and `more` stands behind the buttons. Rejects as `openCamera` does.
 */
export async function photoBooth({ announce, take, fail, more }) {
  const camera = await openCamera();
  let counting = null;
  const count = h("p", { class: "camera-count", "aria-hidden": "true", hidden: true });
  const button = (act, key, onclick, kind = "button quiet") =>
    h("button", { class: kind, type: "button", "data-act": act, disabled: true, onclick }, t(key));
  const shoot = button("shoot", "photo.shoot", () => camera.capture().then(take, fail), "button");
  const timer = button("timer", "photo.timer", () => (counting ? counting.abort() : later()));
  const flip = camera.several && button("flip", "photo.flip", other);
  const buttons = [shoot, timer, flip].filter(Boolean);
  const enable = (on) => buttons.forEach((each) => (each.disabled = !on));

  async function later() {
    counting = new AbortController();
    timer.textContent = t("photo.timer-cancel");
    count.hidden = false;
    const tick = (left) => {
      count.textContent = left;
      announce(t("photo.timer-left", { n: left }));
    };
    const over = await countdown(SECONDS, tick, counting.signal);
    counting = null;
    count.hidden = true;
    timer.textContent = t("photo.timer");
    if (over) shoot.click();
    else announce(t("photo.timer-cancelled"));
  }

  async function other() {
    counting?.abort();
    enable(false);
    try {
      await camera.flip();
      enable(true);
      flip.focus();
    } catch {
      fail();
    }
  }

  const node = h(
    "div",
    { class: "stack" },
    h("div", { class: "camera-window" }, camera.node, h("div", { class: "crop-guide", "aria-hidden": "true" }), count),
    h("div", { class: "row" }, buttons, more),
  );
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape") counting?.abort();
  });
  camera.ready.then(() => {
    enable(true);
    shoot.focus();
  });
  const stop = () => {
    counting?.abort();
    camera.stop();
  };
  return { node, stop };
}
