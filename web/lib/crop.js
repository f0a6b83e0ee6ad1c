/** A photo in a square window: drag it, pinch or zoom it, turn it, or use the keyboard; the visible part is sent. */
import { h } from "./dom.js";
import { t } from "./i18n.js";

// The server reduces a photo's longer side to this, so larger uploads are pointless.
const SENT_SIDE = 2048;
const SENT_QUALITY = 0.92;
const VIEW_SIDE = 640;
const MAX_ZOOM = 4;
const KEY_STEP = 0.04;

const WHITE = "#fff";
// A picture whose every sample is darker than this is black: a covered lens, or a canvas without memory.
const BLACK = 2;
const SAMPLE_SIDE = 48;

/** The picture in `file`, upright. Rejects when this browser cannot decode it. */
async function decode(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => decodeByImage(file));
  if (!(picture.width > 0 && picture.height > 0)) throw new Error("a picture without a size");
  return picture;
}

/** For browsers whose `createImageBitmap` reads fewer formats, or no options. */
async function decodeByImage(file) {
  const image = new Image();
  const address = URL.createObjectURL(file);
  try {
    image.src = address;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(address);
  }
}

/**
 * Decode `file` and show it. Resolves to `{node, view, blob()}`: `blob()` resolves to the window's contents as a JPEG of at
 * most 2048 pixels a side, over white and without metadata (such as the location), and rejects with a RangeError where
 * that is black. `view` is what the window shows; passed again, it shows the same. Rejects when this browser cannot
 * decode the file; the server may still be able to.
 */
export async function cropper(file, view = null) {
  const picture = await decode(file);
  const shorter = Math.min(picture.width, picture.height);
  view ??= {
    x: picture.width / 2,
    // In upright photos of people the face is above the middle.
    y: picture.height > picture.width ? shorter * 0.55 : picture.height / 2,
    zoom: 1,
    turns: 0, // quarters, clockwise
  };

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
    value: view.zoom,
    "aria-label": t("photo.zoom"),
  });

  const side = () => shorter / view.zoom;
  const size = () => (view.turns % 2 ? [picture.height, picture.width] : [picture.width, picture.height]);

  /** Set `values` of the view as far as the photo goes; a value that is no finite number leaves it as it is. */
  function show(values) {
    const wanted = { ...view, ...values };
    if (![wanted.x, wanted.y, wanted.zoom].every(Number.isFinite)) return;
    view.zoom = Math.min(Math.max(wanted.zoom, 1), MAX_ZOOM);
    view.turns = wanted.turns % 4;
    const [width, height] = size();
    const half = side() / 2;
    view.x = Math.min(Math.max(wanted.x, half), width - half);
    view.y = Math.min(Math.max(wanted.y, half), height - half);
    zoom.value = view.zoom;
    draw(canvas);
  }
  function draw(target) {
    const [width, height] = size();
    const scale = target.width / side();
    const pen = target.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.fillStyle = WHITE;
    pen.fillRect(0, 0, target.width, target.height);
    pen.imageSmoothingQuality = "high";
    pen.translate(target.width / 2, target.height / 2);
    pen.scale(scale, scale);
    pen.translate(width / 2 - view.x, height / 2 - view.y);
    pen.rotate((view.turns * Math.PI) / 2);
    pen.drawImage(picture, -picture.width / 2, -picture.height / 2);
  }
  const move = (right, down) => show({ x: view.x + right * side(), y: view.y + down * side() });
  /** Zoom; the point at (`across`, `down`) of the window, 0 to 1, stays where it is. */
  function zoomTo(value, across = 0.5, down = 0.5) {
    const target = Math.min(Math.max(value, 1), MAX_ZOOM);
    const gain = side() - shorter / target;
    show({ zoom: target, x: view.x + (across - 0.5) * gain, y: view.y + (down - 0.5) * gain });
  }
  const turn = () => show({ turns: view.turns + 1, x: size()[1] - view.y, y: view.x });

  // The pointers on the window and where each was last, as fractions of the window.
  const pointers = new Map();
  const place = (event) => {
    const bounds = canvas.getBoundingClientRect();
    return { x: (event.clientX - bounds.left) / bounds.width, y: (event.clientY - bounds.top) / bounds.height };
  };
  const middle = ([a, b = a]) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  const apart = ([a, b]) => (b ? Math.hypot(a.x - b.x, a.y - b.y) : 0);
  canvas.addEventListener("pointerdown", (event) => {
    if (pointers.size === 2) return;
    pointers.set(event.pointerId, place(event));
    try {
      canvas.setPointerCapture(event.pointerId);
    } catch {
      // The pointer is gone already.
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!pointers.has(event.pointerId)) return;
    const before = [...pointers.values()];
    pointers.set(event.pointerId, place(event));
    const now = [...pointers.values()];
    const [from, to] = [middle(before), middle(now)];
    move(from.x - to.x, from.y - to.y);
    if (apart(before) > 0) zoomTo((view.zoom * apart(now)) / apart(before), to.x, to.y);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    canvas.addEventListener(name, (event) => pointers.delete(event.pointerId));
  }
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const { x, y } = place(event);
      zoomTo(view.zoom * (event.deltaY < 0 ? 1.08 : 1 / 1.08), x, y);
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
  show({});

  const node = h(
    "div",
    { class: "crop" },
    h("div", { class: "crop-window" }, canvas, h("div", { class: "crop-guide", "aria-hidden": "true" })),
    h(
      "div",
      { class: "crop-zoom" },
      h("span", { "aria-hidden": "true" }, "−"),
      zoom,
      h("span", { "aria-hidden": "true" }, "+"),
      h(
        "button",
        { class: "button quiet crop-turn", type: "button", "data-act": "turn", onclick: turn },
        h("span", { "aria-hidden": "true" }, "↻ "),
        t("photo.turn"),
      ),
    ),
  );
  const blob = async () => {
    const sent = document.createElement("canvas");
    sent.width = sent.height = Math.max(1, Math.round(Math.min(side(), SENT_SIDE)));
    draw(sent);
    if (isBlack(sent)) throw new RangeError("the picture is black");
    return jpeg(sent, SENT_QUALITY);
  };
  return { node, view, blob };
}

/** The canvas as a JPEG Blob. Rejects where the browser cannot encode it. */
export async function jpeg(canvas, quality) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
  if (!blob) throw new RangeError("the picture cannot be encoded");
  return blob;
}

function isBlack(canvas) {
  const small = h("canvas", { width: SAMPLE_SIDE, height: SAMPLE_SIDE });
  const pen = small.getContext("2d", { willReadFrequently: true });
  pen.drawImage(canvas, 0, 0, SAMPLE_SIDE, SAMPLE_SIDE);
  const samples = pen.getImageData(0, 0, SAMPLE_SIDE, SAMPLE_SIDE).data;
  return samples.every((value, index) => index % 4 === 3 || value < BLACK);
}
