/** Forms that show each error beside its field and keep the input. */
import { focusOn, h, replace, uniqueId } from "./dom.js";
import { t } from "./i18n.js";
import { problem } from "./problem.js";

// Texts of the page for codes whose message is the framework's ("may not be blank").
const EMPTY = new Set(["required", "null", "blank"]);

/**
 * A labelled field. `input` is any form element; `hint` is shown below it. `field.fail(text)` shows an error, `field.fail("")`
 * removes it.
 */
export function field(label, input, { hint = "" } = {}) {
  const id = input.id || uniqueId("field");
  input.id = id;
  const note = h("p", { class: "hint", id: `${id}-hint` }, hint);
  const fault = h("p", { class: "fault", id: `${id}-fault`, hidden: true });
  const node = h("div", { class: "field" }, h("label", { for: id }, label), input, hint && note, fault);
  input.setAttribute("aria-describedby", [hint && note.id, fault.id].filter(Boolean).join(" "));
  const fail = (text) => {
    fault.textContent = text;
    fault.hidden = !text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  input.addEventListener("input", () => fail(""));
  return { node, input, fail };
}

/** A field for a password, with a switch that shows what is typed. */
export function passwordField(label, name, autocomplete, hint = "") {
  const input = h("input", { name, type: "password", autocomplete, autocapitalize: "none", spellcheck: "false", required: true });
  const made = field(label, input, { hint });
  const shows = h("button", { class: "shows", type: "button", "aria-pressed": "false", "aria-label": t("form.show-password") }, t("form.show"));
  shows.addEventListener("click", () => {
    const hidden = input.type === "text";
    input.type = hidden ? "password" : "text";
    shows.setAttribute("aria-pressed", String(!hidden));
    shows.textContent = t(hidden ? "form.show" : "form.hide");
  });
  const row = h("div", { class: "secret" });
  input.replaceWith(row);
  row.append(input, shows);
  // Nothing stays readable, and password managers store passwords only.
  made.hide = () => {
    if (input.type === "text") shows.click();
  };
  return made;
}

/**
 * A form around `children` that runs `submit()` once at a time. Errors of fields are shown at the field of that name
 * (`fields` is `{name: field(...)}`), others in a box above the button, which retries temporary ones.
 */
export function form({ fields, submit, label, className = "stack" }, ...children) {
  const button = h("button", { class: "button", type: "submit" }, label);
  const box = h("div", {});
  const node = h("form", { class: className, novalidate: true }, ...children, box, button);
  async function run() {
    if (button.disabled) return;
    for (const entry of Object.values(fields)) {
      entry.fail("");
      entry.hide?.();
    }
    replace(box);
    button.disabled = true;
    button.setAttribute("aria-busy", "true");
    try {
      await submit();
    } catch (error) {
      if (error.code === "session_expired") return;
      const wrong = Object.entries(error.fields ?? {}).filter(([name]) => name in fields);
      for (const [name, text] of wrong) fields[name].fail(EMPTY.has(error.fieldCodes[name]) ? t("problem.required") : text);
      if (wrong.length) focusOn(fields[wrong[0][0]].input);
      else replace(box, problem(error, error.passing ? run : null));
    } finally {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    }
  }
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  return node;
}
