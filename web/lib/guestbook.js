/** The guestbook: all entries, newest first; own entries can be edited and deleted. */
import { announce, focusOn, h, replace } from "./dom.js";
import { field, form } from "./form.js";
import { enlarge } from "./gallery.js";
import { houseColours } from "./house.js";
import { formatDay, t } from "./i18n.js";
import { explain, load } from "./problem.js";
import { reactions, report } from "./reactions.js";
import { tile } from "./tile.js";
import { keep, recall } from "./browser-storage.js";

const PAGE = 12;
const LEAST = 6;
const MOST = 250;
// How long a deletion can be undone before the request is sent.
const UNDO_SECONDS = 8;
const DRAFT = "guestbook-draft";

/** `{node, leave}`; `leave()` sends the pending deletions and resolves when they are done. */
export function guestbook({ api, student, toast }) {
  const list = h("ol", { class: "entries" });
  const more = h("div", { class: "centred" });
  const heading = h("h2", { id: "guestbook", tabindex: "-1" }, t("guestbook.title"));
  const leaving = new Set();
  const finishAll = () => Promise.all([...leaving].map((finish) => finish()));
  window.addEventListener("pagehide", finishAll);
  load(more, () => page(`?page_size=${PAGE}`));
  const node = h(
    "section",
    { class: "sheet wide stack guestbook", "aria-labelledby": "guestbook" },
    heading,
    writeForm(),
    list,
    more,
  );
  const leave = () => {
    window.removeEventListener("pagehide", finishAll);
    return finishAll();
  };
  return { node, leave };

  /** Append a page of entries; resolves to the button for the next one. */
  async function page(query, focusFirst = false) {
    const { results, next } = await api.get(`/lounge/board/${query}`);
    const rows = results.map(row);
    list.append(...rows);
    if (focusFirst && rows.length) focusOn(rows[0]);
    if (!list.children.length) return h("p", {}, t("guestbook.empty"));
    if (!next) return h("p", { class: "hint" }, t("guestbook.end"));
    const further = () => load(more, () => page(new URL(next).search, true));
    return h("button", { class: "button quiet", type: "button", onclick: further }, t("guestbook.more"));
  }

  function writeForm() {
    const content = textField(t("guestbook.write"), recall(DRAFT, "session") ?? "");
    // A draft is kept when the language or the page changes.
    content.input.addEventListener("input", () => keep(DRAFT, content.input.value || null, "session"));
    const submit = async () => {
      await api.post("/lounge/", { content: content.input.value });
      // With the author's tile, which the answer does not have.
      const { results } = await api.get("/lounge/board/?page_size=10");
      const entry = results.find(({ author }) => author === student.id);
      content.input.value = "";
      content.input.dispatchEvent(new Event("input"));
      if (entry) list.prepend(row(entry));
      announce(t("guestbook.written"));
    };
    return form({ fields: { content }, submit, label: t("guestbook.submit"), className: "stack write" }, content.node);
  }

  function row(entry) {
    const item = h("li", { class: "entry", tabindex: "-1" });
    show(item, entry);
    return item;
  }

  function show(item, entry) {
    const own = entry.author === student.id;
    const day = `20${entry.created.replaceAll(".", "-")}`;
    replace(
      item,
      seal(entry),
      h(
        "div",
        { class: "entry-body" },
        h(
          "p",
          { class: "entry-head" },
          h("b", {}, h("bdi", {}, entry.author_name)),
          entry.house && h("span", {}, entry.house.local_name),
          h("time", { datetime: day }, formatDay(day)),
          entry.edited && h("span", { class: "edited" }, t("guestbook.edited")),
        ),
        h("p", { class: "entry-text", dir: "auto" }, entry.content),
        h(
          "div",
          { class: "row small between" },
          reactions(api, entry),
          h("span", { class: "row" }, own ? ownTools(item, entry) : reporting(entry)),
        ),
      ),
    );
  }

  function ownTools(item, entry) {
    return [doing("guestbook.edit", () => edit(item, entry)), doing("guestbook.delete", () => remove(item, entry))];
  }

  /** The author's moving tile, which opens the portrait; the first letter of the name where there is no portrait. */
  function seal({ author_name: name, house, portrait }) {
    const colours = houseColours(house);
    if (!portrait.still || !house) return h("span", { class: "seal", ...colours, "aria-hidden": "true" }, [...name][0]);
    const open = () => enlarge({ fullname: name, house, portrait, portrait_at: null });
    const label = t("card.portrait-alt", { name });
    return h("button", { class: "author", type: "button", "aria-haspopup": "dialog", "aria-label": label, onclick: open }, tile(portrait, { size: 56 }));
  }

  function reporting(entry) {
    if (entry.attention.reported) return h("span", { class: "hint" }, t("report.done"));
    const button = doing("report.open", () =>
      report(api, entry, () => {
        entry.attention.reported = true;
        button.replaceWith(h("span", { class: "hint" }, t("report.done")));
      }),
    );
    return button;
  }

  function edit(item, entry) {
    const content = textField(t("guestbook.edit-label"), entry.content);
    const done = (newest, said) => {
      show(item, newest);
      item.focus();
      if (said) announce(said);
    };
    const submit = async () => {
      const changed = await api.put(`/lounge/edit/${entry.id}/`, { content: content.input.value });
      done({ ...entry, ...changed }, t("guestbook.changed"));
    };
    const made = form({ fields: { content }, submit, label: t("guestbook.save"), className: "stack edit" }, content.node);
    const cancel = h("button", { class: "button quiet", type: "button", onclick: () => done(entry) }, t("guestbook.cancel"));
    made.append(cancel);
    made.addEventListener("keydown", (event) => {
      if (event.key === "Escape") done(entry);
    });
    replace(item, seal(entry), made);
    content.input.focus();
  }

  /** Remove the entry from the page at once, and from the server when the time to undo it is over. */
  function remove(item, entry) {
    let timer = null;
    const finish = async () => {
      clearTimeout(timer);
      leaving.delete(finish);
      try {
        await api.delete(`/lounge/delete/${entry.id}/`);
      } catch (error) {
        // Deleted already, in another window.
        if (error.code !== "entry_not_found") {
          if (error.code !== "session_expired") toast(explain(error));
          show(item, entry);
          return;
        }
      }
      if (item.contains(document.activeElement)) heading.focus({ preventScroll: true });
      item.remove();
    };
    const undo = () => {
      clearTimeout(timer);
      leaving.delete(finish);
      show(item, entry);
      item.focus();
      announce(t("guestbook.kept"));
    };
    const back = doing("guestbook.undo", undo);
    replace(item, h("p", { class: "row gone" }, h("span", {}, t("guestbook.deleted")), back));
    back.focus();
    announce(t("guestbook.deleted"));
    leaving.add(finish);
    timer = setTimeout(finish, UNDO_SECONDS * 1000);
  }
}

function doing(key, run) {
  return h("button", { class: "link-button", type: "button", onclick: run }, t(key));
}

/** A text field that counts code points of the composed form (NFC), as the server does. */
function textField(label, text) {
  const counter = h("span", { class: "counter" });
  const input = h("textarea", { name: "content", dir: "auto", rows: 3, required: true, value: text });
  const made = field(label, input, { hint: counter });
  const count = () => {
    const n = [...input.value.normalize("NFC")].length;
    counter.textContent = t("guestbook.count", { n, least: LEAST, most: MOST });
    counter.classList.toggle("over", n > MOST);
  };
  input.addEventListener("input", count);
  count();
  return made;
}
