/** A list of files to keep: each is fetched on request, and then saved, or sent by the system's dialog. */
import { h, replace } from "./dom.js";
import { t } from "./i18n.js";
import { problem } from "./problem.js";
import { canSend, save, send } from "./sharing.js";

/**
 * `files` is a list of `{name, title, text, type, load()}`: `load()` resolves to a Blob. The node has a button for each, and
 * beside it one to send the file where this browser can.
 */
export function keeping(files, announce) {
  const box = h("div", {});
  const node = h("div", { class: "stack" }, h("ul", { class: "formats" }, files.map((file) => h("li", {}, entry(file)))), box);
  return node;

  function entry(file) {
    const keep = h(
      "button",
      { class: "format", type: "button", "data-file": file.name },
      h("span", { class: "icon icon-download", "aria-hidden": "true" }),
      h("span", {}, h("b", {}, file.title), h("span", { class: "hint" }, file.text)),
    );
    keep.addEventListener("click", () => fetched(file, keep, (blob) => save(blob, file.name)));
    if (!canSend(file.type)) return keep;
    const share = h(
      "button",
      { class: "button quiet format-send", type: "button", "aria-label": t("keep.send-of", { what: file.title }) },
      h("span", { class: "icon icon-share", "aria-hidden": "true" }),
    );
    let ready = null;
    share.addEventListener("click", async () => {
      if (!ready) {
        await fetched(file, share, (blob) => {
          ready = new File([blob], file.name, { type: file.type });
        });
      }
      if (ready && (await send(ready)) === "again") {
        replace(box, h("p", { role: "status" }, t("keep.tap-again")));
      }
    });
    return [keep, share];
  }

  async function fetched(file, button, then) {
    replace(box);
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    announce(t("keep.fetching"));
    try {
      then(await file.load());
      announce(t("keep.done"));
    } catch (error) {
      if (error.code !== "session_expired") replace(box, problem(error, () => fetched(file, button, then)));
    } finally {
      button.removeAttribute("aria-busy");
      button.disabled = false;
    }
  }
}
