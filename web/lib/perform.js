/** A motion of one's own: three seconds of the camera, or a film that is chosen. */
import { hasCamera, openCamera } from "./camera.js";
import { countdown, pause } from "./countdown.js";
import { h, replace } from "./dom.js";
import { t } from "./i18n.js";
import { problem } from "./problem.js";

const SECONDS = 3;
// In the order of preference; Safari records MP4 only.
const KINDS = ["video/mp4;codecs=avc1", "video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm", "video/mp4"];
const PATH = "/user/portrait/perform/";

/** `{node, leave}`; `ready()` is called when there is a motion of the student's own, also of an earlier visit. */
export function performing({ api, announce }, ready) {
  const stage = h("div", { class: "stack" });
  const node = h(
    "section",
    { class: "stack performing", "aria-labelledby": "perform" },
    h("h2", { id: "perform" }, t("perform.title")),
    h("p", {}, t("perform.lead")),
    stage,
  );
  let camera = null;
  const leaving = new AbortController();
  const over = () => leaving.signal.aborted;
  const rest = () => {
    camera?.stop();
    camera = null;
  };

  function ask(trouble = null) {
    rest();
    const input = h("input", { class: "visually-hidden", id: "clip-file", type: "file", accept: "video/mp4,video/webm,video/quicktime" });
    input.addEventListener("change", () => input.files[0] && upload(input.files[0]));
    const records = hasCamera && "MediaRecorder" in window;
    replace(
      stage,
      trouble,
      h(
        "div",
        { class: "row" },
        records && h("button", { class: "button quiet", type: "button", "data-act": "perform", onclick: film }, t("perform.camera")),
        input,
        h("label", { class: "button quiet file-button", for: "clip-file" }, t("perform.choose")),
      ),
    );
  }

  const refusal = (text) => h("div", { class: "problem", role: "alert" }, h("p", {}, text));

  async function film() {
    try {
      camera = await openCamera();
    } catch {
      ask(refusal(t("perform.no-camera")));
      return;
    }
    const record = h("button", { class: "button", type: "button", disabled: true, "data-act": "record", onclick: roll }, t("perform.record"));
    const { node: picture } = camera;
    camera.ready.then(() => {
      record.disabled = false;
      record.focus();
    });
    replace(
      stage,
      h("div", { class: "camera-window" }, picture),
      h("p", { class: "hint" }, t("perform.advice")),
      h("div", { class: "row" }, record, h("button", { class: "button quiet", type: "button", onclick: () => ask() }, t("perform.stop"))),
    );

    async function roll() {
      record.disabled = true;
      const kind = KINDS.find((one) => MediaRecorder.isTypeSupported(one));
      const recorder = new MediaRecorder(picture.srcObject, kind ? { mimeType: kind } : {});
      const parts = [];
      recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
      const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
      recorder.start();
      const tick = (left) => {
        record.textContent = t("perform.left", { n: left });
        announce(record.textContent);
      };
      await countdown(SECONDS, tick, leaving.signal);
      recorder.stop();
      await stopped;
      if (!over()) upload(new Blob(parts, { type: recorder.mimeType }));
    }
  }

  async function upload(clip) {
    rest();
    replace(stage, h("p", { role: "status" }, t("perform.reading")));
    announce(t("perform.reading"));
    try {
      const form = new FormData();
      form.append("clip", clip, "clip");
      await follow(await api.upload(PATH, form));
    } catch (error) {
      if (error.code !== "session_expired" && !over()) ask(problem(error, error.passing ? () => upload(clip) : null));
    }
  }

  async function follow(state) {
    while (state.poll_after !== null && !over()) {
      await pause(state.poll_after);
      state = await api.get(PATH);
    }
    if (over()) return;
    if (state.status === "failed") return void ask(refusal(state.error.message));
    ready(true);
    announce(t("perform.done"));
    ask(h("p", { role: "status", class: "performed" }, t("perform.done")));
  }

  ask();
  api.get(PATH).then(
    (state) => {
      if (over()) return;
      if (state.ready) ready(false);
      if (state.poll_after !== null) follow(state).catch(() => {});
    },
    () => {}, // performing works without knowing of an earlier one
  );
  return {
    node,
    leave: () => {
      leaving.abort();
      rest();
    },
  };
}
