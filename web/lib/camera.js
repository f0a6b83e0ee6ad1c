/** The camera in the page. Its picture stays in the page until it is sent. */
import { jpeg } from "./crop.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";

export const hasCamera = Boolean(navigator.mediaDevices?.getUserMedia);

/**
 * Open the front camera. Resolves to `{node, capture(), ready, stop()}`: `capture()` is the current frame as a
 * JPEG Blob (upright, not mirrored), once `ready` is resolved. Rejects when there is no camera or it may not be used.
 */
export async function openCamera() {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 1280 } },
    audio: false,
  });
  const node = h("video", { class: "camera", autoplay: true, playsinline: true, "aria-label": t("photo.camera-label") });
  node.muted = true;
  node.srcObject = stream;
  const stop = () => stream.getTracks().forEach((track) => track.stop());
  const capture = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [node.videoWidth, node.videoHeight];
    canvas.getContext("2d").drawImage(node, 0, 0);
    return jpeg(canvas, 0.95);
  };
  // Before its first frame the camera has no picture.
  const ready = new Promise((resolve) => node.addEventListener("loadeddata", resolve, { once: true }));
  return { node, capture, ready, stop };
}
