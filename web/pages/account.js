/** The account: the name, the e-mail address, the language, a new password, deleting the account. */
import { confirm } from "../lib/confirm.js";
import { h } from "../lib/dom.js";
import { field, form, passwordField } from "../lib/form.js";
import { formatDay, language, languages, setLanguage } from "../lib/i18n.js";

export default async function page(context) {
  const { api, t, student } = context;
  const { by_email: byEmail } = await api.get("/user/recovery/");
  const node = h(
    "div",
    { class: "stack loose account" },
    h("h1", {}, t("account.title")),
    h(
      "section",
      { class: "sheet", "aria-label": t("account.who") },
      h(
        "dl",
        { class: "who" },
        line(t("account.fullname"), h("bdi", { class: "own-name" }, student.fullname)),
        line(t("signin.username"), h("bdi", {}, student.username)),
        line(t("account.signed-up"), formatDay(student.signed_up)),
      ),
    ),
    nameSection(context),
    // Without a mail server there is nothing that an address is for.
    byEmail && emailSection(context),
    languageSection(context),
    passwordSection(context),
    deleteSection(context),
  );
  return { title: t("account.title"), node };
}

function line(name, value) {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}

function languageSection({ t }) {
  const choice = ({ code, name }) =>
    h(
      "label",
      { class: "language", lang: code },
      h("input", {
        type: "radio",
        name: "language",
        value: code,
        checked: code === language(),
        onchange: () => setLanguage(code),
      }),
      name,
    );
  return h(
    "section",
    { class: "sheet" },
    h("fieldset", { class: "stack" }, h("legend", {}, h("h2", {}, t("account.language"))), h("div", { class: "row" }, languages().map(choice))),
  );
}

function nameSection({ api, t, student, toast, refreshStudent }) {
  const fullname = field(
    t("signup.fullname"),
    h("input", { name: "fullname", autocomplete: "name", value: student.fullname, required: true }),
  );
  const submit = async () => {
    const changed = await api.patch("/user/me/", { fullname: fullname.input.value });
    fullname.input.value = changed.fullname;
    document.querySelector(".own-name").textContent = changed.fullname;
    await refreshStudent();
    toast(t("account.name-changed"));
  };
  return h(
    "section",
    { class: "sheet stack", "aria-labelledby": "name" },
    h("h2", { id: "name" }, t("account.name")),
    form({ fields: { fullname }, submit, label: t("account.name-submit") }, fullname.node),
  );
}

function emailSection({ api, t, student, toast }) {
  const email = field(
    t("account.email"),
    h("input", { name: "email", type: "email", autocomplete: "email", value: student.email }),
    { hint: t("account.email-hint") },
  );
  const proof = passwordField(t("signin.password"), "password", "current-password");
  const submit = async () => {
    await api.patch("/user/me/", { email: email.input.value, password: proof.input.value });
    proof.input.value = "";
    toast(t("account.email-changed"));
  };
  return h(
    "section",
    { class: "sheet stack", "aria-labelledby": "email" },
    h("h2", { id: "email" }, t("account.email")),
    form({ fields: { email, password: proof }, submit, label: t("account.email-submit") }, whose(student), email.node, proof.node),
  );
}

function passwordSection({ api, t, student, toast }) {
  const fields = {
    old_password: passwordField(t("account.old-password"), "old_password", "current-password"),
    new_password: passwordField(t("account.new-password"), "new_password", "new-password", t("signup.password-hint")),
  };
  const { old_password: old, new_password: fresh } = fields;
  const submit = async () => {
    await api.changePassword(old.input.value, fresh.input.value);
    old.input.value = "";
    fresh.input.value = "";
    toast(t("account.password-changed"));
  };
  return h(
    "section",
    { class: "sheet stack", "aria-labelledby": "password" },
    h("h2", { id: "password" }, t("account.password")),
    h("p", { class: "hint" }, t("account.password-text")),
    form({ fields, submit, label: t("account.password-submit") }, whose(student), old.node, fresh.node),
  );
}

function deleteSection({ api, t, student }) {
  const proof = passwordField(t("signin.password"), "password", "current-password");
  const submit = async () => {
    const sure = await confirm({
      title: t("account.delete"),
      text: t("account.delete-sure"),
      yes: t("account.delete-submit"),
      no: t("account.delete-stay"),
    });
    if (sure) await api.deleteAccount(proof.input.value);
  };
  const made = form(
    { fields: { password: proof }, submit, label: t("account.delete-submit") },
    whose(student),
    proof.node,
  );
  made.querySelector("[type=submit]").classList.add("danger");
  return h(
    "section",
    { class: "sheet stack", "aria-labelledby": "delete" },
    h("h2", { id: "delete" }, t("account.delete")),
    h("p", {}, t("account.delete-text")),
    made,
  );
}

/** A hidden username field, for password managers. */
function whose({ username }) {
  return h("input", { name: "username", autocomplete: "username", value: username, hidden: true, readonly: true });
}
