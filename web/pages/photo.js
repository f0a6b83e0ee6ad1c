/** The photo: from the camera or a file, cropped, with a privacy notice; then whether a face was found. */
import { hasCamera } from "../lib/camera.js";
import { cropper } from "../lib/crop.js";
import { focusOn, h, replace } from "../lib/dom.js";
import { faceButtons, facePointer, framedFace } from "../lib/face-picker.js";
import { noticeOffer } from "../lib/notice.js";
import { photoBooth } from "../lib/photo-booth.js";
import { picker } from "../lib/picker.js";
import { portrait } from "../lib/portrait.js";
import { problem } from "../lib/problem.js";
import { progressBar } from "../lib/progress.js";
import { watchPortrait } from "../lib/portrait-polling.js";

// The server's limit, for files that this browser cannot decode and reduce.
const MAX_MEGABYTES = 10;
const KINDS = "image/jpeg,image/png,image/webp,image/heic,image/heif,image/avif,.heic,.heif,.avif";

// What was chosen and not yet accepted, `{student, file, view}`: kept through a failure, another language, and a sign-in.
let chosen = null;

export default async function page({ api, t, go, student, announce, refreshStudent }) {
  const options = await api.get("/user/portrait/options/");
  const stage = h("div", { class: "stack" });
  let camera = null;
  let gone = false;
  let unwatch = null;
  // What was sent, for choosing a face in it: the server has no address of the whole photo.
  let sent = null;
  // The file that it was cut from, for another try: `{file, view}`.
  let held = null;

  const rest = () => {
    camera?.stop();
    camera = null;
    unwatch?.();
    unwatch = null;
  };

  /** Step 1: the source of the photo. */
  function ask(trouble = null, mend = null) {
    rest();
    const input = h("input", { class: "visually-hidden", id: "photo-file", type: "file", accept: KINDS });
    input.addEventListener("change", () => input.files[0] && prepare(input.files[0]));
    const drop = h(
      "div",
      { class: "drop stack centred" },
      h("img", { src: "/web/art/empty-frame.svg", alt: "", width: 140, height: 140 }),
      h("p", {}, t("photo.advice")),
      h(
        "div",
        { class: "row" },
        hasCamera && h("button", { class: "button", type: "button", onclick: film }, t("photo.camera")),
        input,
        h("label", { class: "button quiet file-button", for: "photo-file" }, t("photo.choose")),
      ),
    );
    drop.addEventListener("dragover", (event) => event.preventDefault());
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) prepare(event.dataTransfer.files[0]);
    });
    replace(stage, trouble && refusal(trouble), mend, drop);
  }

  async function film() {
    try {
      camera = await photoBooth({ announce, take: prepare, fail: () => ask(t("photo.no-camera")), more: backButton() });
    } catch {
      ask(t("photo.no-camera"));
      return;
    }
    if (gone) rest();
    else replace(stage, camera.node);
  }

  /** Step 2: cropping. A file that the browser cannot decode is sent unchanged if it is small enough. */
  async function prepare(file, view = null, trouble = null) {
    rest();
    let crop = null;
    try {
      crop = await cropper(file, view);
    } catch {
      if (file.size > MAX_MEGABYTES * 2 ** 20) return ask(t("photo.too-big", { n: MAX_MEGABYTES }));
    }
    chosen = { student: student.id, file, view: crop?.view };
    const wishes = picker(options);
    // Off unless it is chosen; a student who is sorted has no use for it.
    const lookAt = student.house ? null : h("input", { type: "checkbox", name: "look" });
    const box = h("div", {});
    const bar = progressBar(t("photo.sending"));
    bar.node.hidden = true;
    const button = h("button", { class: "button", type: "button", "data-act": "send" }, t("photo.send"));
    const again = backButton();
    const send = async () => {
      button.disabled = again.disabled = true;
      replace(box);
      bar.node.hidden = false;
      bar.set(0);
      try {
        const form = new FormData();
        sent = crop ? await crop.blob() : file;
        form.append("pic", sent, "photo");
        for (const [name, value] of Object.entries(wishes.value())) form.append(name, value);
        if (lookAt?.checked) form.append("look", "true");
        const report = await api.upload("/user/main/", form, (part) => bar.set(part));
        [held, chosen] = [chosen, null];
        // The photo has arrived; the next page loads the record anyway.
        await refreshStudent().catch(() => {});
        look(report);
      } catch (error) {
        bar.node.hidden = true;
        button.disabled = again.disabled = false;
        if (error.code === "session_expired") return;
        if (error instanceof RangeError) return void replace(box, refusal(t("photo.black")));
        replace(box, problem(error, error.passing ? send : null));
      }
    };
    button.addEventListener("click", send);
    replace(
      stage,
      trouble && refusal(trouble),
      crop ? crop.node : h("p", {}, t("photo.no-preview", { name: file.name })),
      crop && h("p", { class: "hint centred" }, t("photo.crop-hint")),
      h("details", { class: "wishes" }, h("summary", {}, t("photo.wishes")), wishes.node),
      h("p", { class: "consent small" }, t("photo.consent", { n: options.photo_kept_days })),
      lookAt && h("label", { class: "look-wish small" }, lookAt, h("span", {}, h("b", {}, t("look.ask")), " ", t("look.explained"))),
      h(
        "div",
        { class: "always stack tight" },
        box,
        bar.node,
        h("p", { class: "small" }, t("photo.agree")),
        h("div", { class: "row" }, button, again),
      ),
    );
    focusOn(crop ? crop.node.querySelector("canvas") : button);
    return undefined;
  }

  /** Step 3: the face, then the portrait. They need not be awaited: the questions can be answered meanwhile. */
  function look(report = null) {
    const line = h("p", { class: "lead", role: "status" }, t("photo.looking"));
    const frame = h("div", { class: "found-frame" });
    const hints = h("ul", { class: "hints", hidden: true });
    const faces = h("div", {});
    const trouble = h("div", {});
    const onward = h(
      "button",
      { class: "button", type: "button", "data-act": "onward", onclick: () => go(student.house ? "#/reveal" : "#/sorting") },
      student.house ? t("photo.to-portrait") : t("photo.to-sorting"),
    );
    const bar = progressBar(t("reveal.progress"));
    const notice = noticeOffer(announce);
    let shown = null;
    let told = false;
    // Decoded before it takes the place of another, so that the frame is not empty in between.
    async function hang(picture) {
      const node = portrait({ ...picture, lazy: false, size: 208 });
      if (frame.hasChildNodes()) await node.querySelector("img").decode().catch(() => {});
      if (shown === picture.src) replace(frame, node);
    }
    if (sent && report?.chosen && report.faces.length === 1) framedFace(sent, report).then((node) => shown ?? replace(frame, node), () => {});
    replace(stage, h("div", { class: "found stack centred" }, frame, line, bar.node, notice.node, hints, trouble, h("div", { class: "row" }, onward, backButton()), faces));
    focusOn(onward);
    unwatch = watchPortrait(api, (state) => {
      if (state.status === "failed" && state.error.code === "no_face") return pointOut(state);
      if (state.status === "failed") return held ? prepare(held.file, held.view, state.error.message) : ask(state.error.message);
      if (!told) {
        told = true;
        hints.hidden = state.hints.length === 0;
        replace(hints, state.hints.map((hint) => h("li", {}, hint.message)));
        if (sent && state.faces.length > 1) {
          const pick = (face) => chooseFace(state, { face }, trouble);
          // A photo that this browser cannot decode is shown without its faces.
          faceButtons(sent, state, pick).then((node) => replace(faces, node), () => {});
        }
      }
      const finished = state.status === "succeeded";
      bar.node.hidden = state.poll_after === null;
      bar.set(state.progress);
      notice.underWay(state.poll_after !== null);
      const picture = pictureOf(state);
      // Until something is painted, the photo with the found face in its frame is the better picture.
      const framed = frame.querySelector(".faces") && !state.files.poster && state.status !== "succeeded";
      if (picture.src && shown !== picture.src && !framed) {
        shown = picture.src;
        hang(picture);
      }
      if (finished) {
        line.dataset.found = "yes";
        line.textContent = t("reveal.done");
        announce(t("reveal.done"));
        refreshStudent().catch(() => {});
        return undefined;
      }
      if (!["", "reading", "face"].includes(state.stage)) {
        if (line.dataset.found) return undefined;
        line.dataset.found = "yes";
        line.textContent = t("photo.found");
        announce(t("photo.found"));
      } else if (state.status === "queued") {
        line.textContent = t("photo.queued");
      }
      return undefined;
    });
  }

  /** The film, before it the painted still, before that the cropped photo; for `portrait`. */
  function pictureOf({ status, files }) {
    const name = { name: student.fullname };
    if (status === "succeeded") {
      const { webp: src, avif, poster, still } = files;
      return { src, avif, poster, still, alt: t("reveal.portrait-alt", name) };
    }
    if (files.poster) return { src: files.poster, still: files.still, alt: t("reveal.painted-alt", name) };
    return { src: files.still, alt: t("photo.still-alt") };
  }

  /** After `no_face`: the student says where the face is, or sends another photo. */
  async function pointOut(state) {
    rest();
    const trouble = h("div", {});
    let pointer = null;
    if (sent && state.photo) {
      const pick = (box) => chooseFace(state, { box }, trouble);
      pointer = await facePointer(sent, state.photo, pick).catch(() => null);
    }
    const same = held && h("button", { class: "button quiet", type: "button", "data-act": "same" }, t("photo.same"));
    same?.addEventListener("click", () => prepare(held.file, held.view));
    ask(t("photo.no-face"), [pointer && [pointer, trouble], same && h("div", { class: "row" }, same)]);
  }

  /** The same photo with another face: `choice` is `{face}` or `{box}`. */
  async function chooseFace(state, choice, trouble) {
    rest();
    try {
      const { style, motion, order, strength, size } = state;
      await (state.status === "failed"
        ? api.post("/user/portrait/retry/", choice)
        : api.post("/user/portrait/again/", { style, motion, order, strength, size, ...choice }));
      await refreshStudent();
      look();
    } catch (error) {
      if (error.code === "session_expired") return;
      replace(trouble, problem(error, error.passing ? () => chooseFace(state, choice, trouble) : null));
    }
  }

  const refusal = (text) => h("div", { class: "problem", role: "alert" }, h("p", {}, text));

  const backButton = () =>
    h("button", { class: "button quiet", type: "button", onclick: another }, t("photo.another"));

  function another() {
    chosen = null;
    ask();
  }

  const leave = () => {
    gone = true;
    rest();
  };

  if (chosen?.student === student.id) await prepare(chosen.file, chosen.view);
  else ask();
  const node = h(
    "section",
    { class: "sheet stack" },
    h("h1", {}, t("photo.title")),
    h("p", {}, student.photographed ? t("photo.lead-again") : t("photo.lead")),
    stage,
  );
  return { title: t("photo.title"), node, leave };
}
