/** A portrait: moving, its first frame with reduced motion, or the still photo before it is made. */
import { h } from "./dom.js";

const NO_MOTION = "(prefers-reduced-motion: reduce)";

/**
 * `portrait({src, avif, poster, still, alt, lazy, size})` is a `<picture>`. `avif` is the same film as `src`, which browsers
 * that know the format load instead.
 *
 * With `prefers-reduced-motion` the browser loads `poster` and never the film, of which the first frame is shown where
 * there is no poster. A file that cannot be loaded is replaced by `still`, and that by a drawn frame. `size` is the side in
 * CSS pixels, which prevents a layout shift.
 */
export function portrait({ src, avif = null, poster = null, still = null, alt = "", lazy = true, size = 256 }) {
  const image = h("img", {
    class: "portrait-image",
    alt,
    width: size,
    height: size,
    decoding: "async",
    loading: lazy ? "lazy" : "eager",
  });
  const picture = h(
    "picture",
    { class: "portrait" },
    poster && h("source", { srcset: poster, media: NO_MOTION }),
    avif && h("source", { srcset: avif, type: "image/avif" }),
    image,
  );
  const fallbacks = [still, "/web/art/empty-frame.svg"].filter((url) => url && url !== src);
  image.addEventListener("error", () => {
    const next = fallbacks.shift();
    if (!next) return;
    picture.querySelectorAll("source").forEach((source) => source.remove());
    image.src = next;
  });
  if (!poster && matchMedia(NO_MOTION).matches) image.addEventListener("load", () => freeze(image), { once: true });
  image.src = src || fallbacks.shift();
  return picture;
}

/**
 * The same as a live portrait, `live` being its file: the poster is shown first, and the film only where the portrait
 * cannot be played. It looks at the pointer, and a tap makes it greet, unless `attends` is false.
 */
export function livePortrait({ live, attends = true, ...rest }) {
  const film = () => portrait(rest);
  if (!live || !rest.poster || matchMedia(NO_MOTION).matches || navigator.connection?.saveData) return film();
  const { alt = "", size = 256 } = rest;
  const element = h(
    "moving-portrait",
    { class: "portrait", alt, follow: attends, greets: attends },
    h("img", { class: "portrait-image", src: rest.poster, alt: "", width: size, height: size, decoding: "async" }),
  );
  const give = () => element.replaceWith(film());
  element.addEventListener("fallback", give, { once: true });
  // The player is loaded when it is first needed.
  import(new URL("./live.js", import.meta.url).href).then(() => element.setAttribute("src", live), give);
  return element;
}

/**
 * Replace the film by its first frame, which is what a canvas draws of an animated image. The canvas itself is shown, since
 * that of a file from another host cannot be read.
 */
function freeze(image) {
  const canvas = h("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  canvas.getContext("2d").drawImage(image, 0, 0);
  canvas.className = image.className;
  if (image.alt) {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", image.alt);
  }
  image.replaceWith(canvas);
}
