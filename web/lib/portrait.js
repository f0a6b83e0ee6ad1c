/** A portrait: the moving one, its first frame for those who want no motion, the still photo while there is none. */
import { h } from "./dom.js";

/**
 * `portrait({src, poster, still, alt, lazy, size})` is a `<picture>`.
 *
 * With `prefers-reduced-motion` the browser loads `poster` and never the film. What cannot be loaded gives way to
 * `still`, and that to a drawn frame. `size` is the side in CSS pixels, so that nothing jumps when it arrives.
 */
export function portrait({ src, poster = null, still = null, alt = "", lazy = true, size = 256 }) {
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
    poster && h("source", { srcset: poster, media: "(prefers-reduced-motion: reduce)" }),
    image,
  );
  const fallbacks = [still, "/web/art/empty-frame.svg"].filter((url) => url && url !== src);
  image.addEventListener("error", () => {
    const next = fallbacks.shift();
    if (!next) return;
    picture.querySelectorAll("source").forEach((source) => source.remove());
    image.src = next;
  });
  image.src = src || fallbacks.shift();
  return picture;
}
