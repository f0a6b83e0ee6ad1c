/** Sign in. */
import { h } from "../lib/dom.js";
import { field, form, passwordField } from "../lib/form.js";

export default async function page({ api, t, enter }) {
  const username = field(
    t("signin.username"),
    h("input", { name: "username", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true }),
  );
  const password = passwordField(t("signin.password"), "password", "current-password");
  const submit = async () => {
    await api.signIn(username.input.value, password.input.value);
    await enter();
  };
  const node = h(
    "section",
    { class: "sheet stack sign-in" },
    h("h1", {}, t("signin.title")),
    form({ fields: { username, password }, submit, label: t("signin.submit") }, username.node, password.node),
    h("p", { class: "small" }, h("a", { href: "#/forgotten" }, t("signin.forgotten"))),
    h("p", { class: "small" }, t("signin.new-here"), " ", h("a", { href: "#/sign-up" }, t("signin.sign-up"))),
  );
  return { title: t("signin.title"), node };
}
