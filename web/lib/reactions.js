/** The five reactions to a guestbook entry, and reporting it to the staff. */
import { h, replace, uniqueId } from "./dom.js";
import { field, form } from "./form.js";
import { t } from "./i18n.js";
import { explain } from "./problem.js";
import { toast } from "./toast.js";

const KINDS = ["heart", "smile", "wow", "star", "flame"];
const MOST = 250;

/** Five buttons; the student's own choice is pressed, and pressing it again takes it back. Changes `entry.attention`. */
export function reactions(api, entry) {
  const node = h("div", { class: "reactions", role: "group", "aria-label": t("reactions.title") });
  draw();
  return node;

  function draw() {
    const { reactions: counts, own_reaction: own } = entry.attention;
    replace(
      node,
      KINDS.map((kind) =>
        h(
          "button",
          {
            type: "button",
            class: "reaction",
            "aria-pressed": String(own === kind),
            "aria-label": t("reactions.count", { name: t(`reactions.${kind}`), n: counts[kind] }),
            dataset: { kind },
            onclick: () => choose(kind),
          },
          h("span", { class: `icon icon-reaction-${kind}`, "aria-hidden": "true" }),
          counts[kind] > 0 && h("span", { "aria-hidden": "true" }, String(counts[kind])),
        ),
      ),
    );
  }

  async function choose(kind) {
    const path = `/lounge/entries/${entry.id}/reaction/`;
    try {
      const taken = entry.attention.own_reaction === kind;
      entry.attention = await (taken ? api.delete(path) : api.put(path, { reaction: kind }));
    } catch (error) {
      if (error.code !== "session_expired") toast(explain(error));
      return;
    }
    const focused = node.contains(document.activeElement);
    draw();
    if (focused) node.querySelector(`[data-kind=${kind}]`).focus();
  }
}

/** Ask for a reason, which may be empty, and report the entry; `done()` when that is done. */
export function report(api, entry, done) {
  const id = uniqueId("report");
  const input = h("textarea", { name: "reason", rows: 3, maxlength: MOST, dir: "auto" });
  const reason = field(t("report.reason"), input, { hint: t("report.hint") });
  const submit = async () => {
    const { message } = await api.post(`/lounge/entries/${entry.id}/report/`, { reason: input.value });
    dialog.close();
    toast(message);
    done();
  };
  const dialog = h(
    "dialog",
    { class: "sheet confirm", "aria-labelledby": id },
    h(
      "div",
      { class: "stack" },
      h("h2", { id }, t("report.title")),
      form({ fields: { reason }, submit, label: t("report.submit") }, reason.node),
      h("button", { class: "button quiet", type: "button", onclick: () => dialog.close() }, t("report.cancel")),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
