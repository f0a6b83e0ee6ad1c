/** The camera in the page. Its picture stays in the page until it is sent. */
import { jpeg } from "./crop.js";
import { h } from "./dom.js";
import { t } from "./i18n.js";

const media = navigator.mediaDevices;
const SIZE = { width: { ideal: 1280 }, height: { ideal: 1280 } };

export const hasCamera = Boolean(media?.getUserMedia);

/**
 * Open the front camera. Resolves to `{node, several, capture(), flip(), ready, stop()}`. `capture()` is the current frame as
 * a JPEG Blob (upright, not mirrored), once `ready` is resolved; `flip()` goes to another camera where there are `several`,
 * and resolves when that has a picture. Rejects when there is no camera or it may not be used; so does `flip()`.
 */
export async function openCamera() {
  const node = h("video", { class: "camera", autoplay: true, playsinline: true, "aria-label": t("photo.camera-label") });
  node.muted = true;
  let stream = null;
  let stopped = false;
  const rest = () => stream?.getTracks().forEach((track) => track.stop());
  const settings = () => stream.getVideoTracks()[0].getSettings();
  const stop = () => {
    stopped = true;
    rest();
  };

  /** Show a camera; resolves to a promise of its first frame, before which it has no picture. */
  async function show(which) {
    // A phone opens one camera at a time.
    rest();
    stream = await media.getUserMedia({ video: { ...SIZE, ...which }, audio: false });
    if (stopped) rest();
    // One that looks at the person is a mirror; the photo itself is never mirrored.
    node.classList.toggle("mirrored", settings().facingMode !== "environment");
    const first = new Promise((resolve) => node.addEventListener("loadeddata", resolve, { once: true }));
    node.srcObject = stream;
    return { first };
  }

  async function flip() {
    const { deviceId, facingMode } = settings();
    const all = await cameras();
    const next = all[(all.findIndex((camera) => camera.deviceId === deviceId) + 1) % all.length];
    const other = facingMode
      ? { facingMode: { exact: facingMode === "environment" ? "user" : "environment" } }
      : { deviceId: { exact: next.deviceId } };
    // Where the other one cannot be used the first one goes on.
    const { first } = await show(other).catch(() => show({ deviceId: { exact: deviceId } }));
    await first;
  }

  const { first: ready } = await show({ facingMode: "user" });
  const several = (await cameras().catch(() => [])).length > 1;
  const capture = () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [node.videoWidth, node.videoHeight];
    canvas.getContext("2d").drawImage(node, 0, 0);
    return jpeg(canvas, 0.95);
  };
  return { node, several, capture, flip, ready, stop };
}

async function cameras() {
  return (await media.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
}
