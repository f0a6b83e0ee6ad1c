/** Choosing another face of the photo that was sent: by its frame, or by a square where the painter saw none. */
import { h } from "./dom.js";
import { t } from "./i18n.js";

const VIEW_SIDE = 640;
const SMALLEST = 0.08;
const KEY_STEP = 0.03;

/**
 * The photo `blob` as the server keeps it: turned by `photo.turned` degrees, in a canvas whose longer side is at most
 * 640 pixels. Rejects when this browser cannot decode it.
 */
async function upright(blob, photo) {
  const bitmap = await createImageBitmap(blob, { imageOrientation: "from-image" });
  const scale = Math.min(1, VIEW_SIDE / Math.max(photo.width, photo.height));
  const width = Math.round(photo.width * scale);
  const height = Math.round(photo.height * scale);
  const canvas = h("canvas", { width, height });
  const pen = canvas.getContext("2d");
  const lies = photo.turned % 180 !== 0;
  const [w, d] = lies ? [height, width] : [width, height];
  pen.translate(width / 2, height / 2);
  pen.rotate((photo.turned * Math.PI) / 180);
  pen.drawImage(bitmap, -w / 2, -d / 2, w, d);
  return canvas;
}

function place(node, { x, y, side }, photo) {
  node.style.setProperty("left", `${(100 * x) / photo.width}%`);
  node.style.setProperty("top", `${(100 * y) / photo.height}%`);
  node.style.setProperty("width", `${(100 * side) / photo.width}%`);
  node.style.setProperty("height", `${(100 * side) / photo.height}%`);
}

/** The photo with its chosen face in a frame; `report` is the answer of the upload. */
export async function framedFace(blob, report) {
  const canvas = await upright(blob, report.photo);
  const frame = h("span", { class: "face-frame found-face" });
  place(frame, report.chosen, report.photo);
  return h("div", { class: "faces", role: "img", "aria-label": t("photo.framed") }, canvas, frame);
}

/** A button over each of the `state`'s faces, the chosen one pressed; `pick(index)` is called for another one. */
export async function faceButtons(blob, state, pick) {
  const canvas = await upright(blob, state.photo);
  const buttons = state.faces.map((face, index) => {
    const chosen = JSON.stringify(face) === JSON.stringify(state.chosen);
    const button = h("button", {
      class: "face-frame",
      type: "button",
      "aria-pressed": String(chosen),
      "aria-label": t("photo.face", { n: index + 1 }),
      onclick: () => chosen || pick(index),
    });
    place(button, face, state.photo);
    return button;
  });
  return h(
    "div",
    { class: "stack" },
    h("p", { class: "hint" }, t("photo.faces")),
    h("div", { class: "faces" }, canvas, buttons),
  );
}

/**
 * A square over the photo that a tap, the arrow keys and a slider move; `pick("x,y,side")` is called with it, in
 * pixels of the stored photo.
 */
export async function facePointer(blob, photo, pick) {
  const canvas = await upright(blob, photo);
  const shorter = Math.min(photo.width, photo.height);
  const square = { x: photo.width / 2, y: photo.height * 0.4, size: 0.4 }; // the centre, and the side over the shorter
  const frame = h("span", { class: "face-frame", "aria-hidden": "true" });
  const box = () => {
    const side = square.size * shorter;
    return { x: square.x - side / 2, y: square.y - side / 2, side };
  };
  const draw = () => place(frame, box(), photo);
  const move = (x, y) => {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return;
    square.x = Math.min(Math.max(x, 0), photo.width);
    square.y = Math.min(Math.max(y, 0), photo.height);
    draw();
  };
  const size = h("input", {
    type: "range",
    min: SMALLEST,
    max: 1,
    step: 0.01,
    value: square.size,
    "aria-label": t("photo.face-size"),
    oninput: () => {
      square.size = Number(size.value);
      draw();
    },
  });
  const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const area = h(
    "div",
    {
      class: "faces face-pointer",
      tabindex: 0,
      role: "application",
      "aria-label": t("photo.face-pointer"),
      onpointerdown: (event) => {
        area.setPointerCapture(event.pointerId);
        point(event);
      },
      onpointermove: (event) => area.hasPointerCapture(event.pointerId) && point(event),
      onkeydown: (event) => {
        if (!(event.key in KEYS)) return;
        event.preventDefault();
        const [right, down] = KEYS[event.key];
        move(square.x + right * KEY_STEP * photo.width, square.y + down * KEY_STEP * photo.height);
      },
    },
    canvas,
    frame,
  );
  function point(event) {
    const bounds = area.getBoundingClientRect();
    move(
      ((event.clientX - bounds.left) / bounds.width) * photo.width,
      ((event.clientY - bounds.top) / bounds.height) * photo.height,
    );
  }
  draw();
  const send = () => {
    const { x, y, side } = box();
    pick([x, y, side].map((number) => number.toFixed(1)).join(","));
  };
  return h(
    "div",
    { class: "stack" },
    h("p", { class: "hint" }, t("photo.point")),
    area,
    size,
    h("button", { class: "button", type: "button", "data-act": "face", onclick: send }, t("photo.this-face")),
  );
}
