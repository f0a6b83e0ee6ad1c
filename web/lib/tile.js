/** Portraits of many students at once: a still of a few kilobytes each, and the moving tile while it is in view. */
import { h } from "./dom.js";

const FRAME = "/web/art/empty-frame.svg";
// Milliseconds without a change in view before the next tile is loaded: what is scrolled past loads nothing.
const REST = 400;

const noMotion = matchMedia("(prefers-reduced-motion: reduce)");
const files = new WeakMap();
const inView = new Set();
let timer = null;
let loading = false;

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) inView.add(target);
      else rest(target);
    }
    plan();
  },
  { threshold: 0.4 },
);

/**
 * `tile(portrait, {alt, size})` is a framed `<img>` of a student whose `portrait` is that of the gallery
 * (`{still, tile, poster, webp}`, each a URL or null). `size` is the side in CSS pixels, which prevents a layout shift.
 */
export function tile(portrait, { alt = "", size = 96 } = {}) {
  const image = h("img", { class: "portrait-image", alt, width: size, height: size, decoding: "async", loading: "lazy" });
  files.set(image, portrait);
  image.addEventListener("error", () => {
    inView.delete(image);
    observer.unobserve(image);
    if (image.getAttribute("src") !== FRAME) image.src = FRAME;
  });
  image.src = stillOf(portrait);
  if (portrait.tile) observer.observe(image);
  return h("span", { class: "portrait" }, image);
}

function stillOf({ still, poster }) {
  return still ?? poster ?? FRAME;
}

function rest(image) {
  inView.delete(image);
  if (!image.isConnected) observer.unobserve(image);
  const still = stillOf(files.get(image));
  if (image.getAttribute("src") !== still) image.src = still;
}

/** Load the next tile soon: one after another, so that they leave the network to the page itself. */
function plan() {
  clearTimeout(timer);
  if (!loading) timer = setTimeout(next, REST);
}

async function next() {
  if (noMotion.matches || navigator.connection?.saveData) return;
  const image = [...inView].find((each) => each.complete && each.getAttribute("src") !== files.get(each).tile);
  if (!image) {
    // Stills are still coming.
    if ([...inView].some((each) => !each.complete)) plan();
    return;
  }
  loading = true;
  const film = new Image();
  film.src = files.get(image).tile;
  try {
    await film.decode();
    if (inView.has(image)) image.src = film.src;
  } catch {
    // The still stays.
    inView.delete(image);
    observer.unobserve(image);
  }
  loading = false;
  next();
}

noMotion.addEventListener("change", () => {
  if (noMotion.matches) [...inView].forEach((image) => (image.src = stillOf(files.get(image))));
  else plan();
});
