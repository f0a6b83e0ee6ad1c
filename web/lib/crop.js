/** A photo in a square window: drag it, zoom it, or use the keyboard; the visible part is what is sent. */
import { h } from "./dom.js";
import { t } from "./i18n.js";

// The server reduces a photo's longer side to this, so larger uploads are pointless.
const SENT_SIDE = 2048;
const SENT_QUALITY = 0.92;
const VIEW_SIDE = 640;
const MAX_ZOOM = 4;
const KEY_STEP = 0.04;

/**
 * Decode `file` and show it. Resolves to `{node, blob()}`, where `blob()` is the window's contents as a JPEG of at most
 * 2048 pixels a side and without metadata (such as the location). Rejects when this browser cannot
 * decode the file; the server may still be able to.
 */
export async function cropper(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const shorter = Math.min(bitmap.width, bitmap.height);
  // In upright photos of people the face is above the middle.
  const view = { x: bitmap.width / 2, y: bitmap.height > bitmap.width ? shorter * 0.55 : bitmap.height / 2, zoom: 1 };

  const canvas = h("canvas", {
    class: "crop-view",
    width: VIEW_SIDE,
    height: VIEW_SIDE,
    tabindex: 0,
    role: "img",
    "aria-label": t("photo.crop-label"),
  });
  const zoom = h("input", {
    type: "range",
    min: 1,
    max: MAX_ZOOM,
    step: 0.02,
    value: 1,
    "aria-label": t("photo.zoom"),
  });

  const side = () => shorter / view.zoom;
  function draw(target = canvas) {
    const half = side() / 2;
    view.x = Math.min(Math.max(view.x, half), bitmap.width - half);
    view.y = Math.min(Math.max(view.y, half), bitmap.height - half);
    const pen = target.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap, view.x - half, view.y - half, side(), side(), 0, 0, target.width, target.height);
  }
  function move(right, down) {
    view.x += right * side();
    view.y += down * side();
    draw();
  }
  function zoomTo(value) {
    view.zoom = Math.min(Math.max(value, 1), MAX_ZOOM);
    zoom.value = view.zoom;
    draw();
  }

  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    move(-event.movementX / canvas.clientWidth, -event.movementY / canvas.clientHeight);
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoomTo(view.zoom * (event.deltaY < 0 ? 1.08 : 1 / 1.08));
    },
    { passive: false },
  );
  const KEYS = {
    ArrowLeft: () => move(-KEY_STEP, 0),
    ArrowRight: () => move(KEY_STEP, 0),
    ArrowUp: () => move(0, -KEY_STEP),
    ArrowDown: () => move(0, KEY_STEP),
    "+": () => zoomTo(view.zoom * 1.1),
    "-": () => zoomTo(view.zoom / 1.1),
  };
  canvas.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS)) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  zoom.addEventListener("input", () => zoomTo(Number(zoom.value)));
  draw();

  const node = h(
    "div",
    { class: "crop" },
    h("div", { class: "crop-window" }, canvas, h("div", { class: "crop-guide", "aria-hidden": "true" })),
    h("div", { class: "crop-zoom" }, h("span", { "aria-hidden": "true" }, "−"), zoom, h("span", { "aria-hidden": "true" }, "+")),
  );
  const blob = () => {
    const sent = document.createElement("canvas");
    sent.width = sent.height = Math.round(Math.min(side(), SENT_SIDE));
    draw(sent);
    return new Promise((resolve) => sent.toBlob(resolve, "image/jpeg", SENT_QUALITY));
  };
  return { node, blob };
}
