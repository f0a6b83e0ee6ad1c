/** Sign up: create an account and sign in. */
import { h } from "../lib/dom.js";
import { field, form, passwordField } from "../lib/form.js";

export default async function page({ api, t, enter, toast, argument }) {
  const fullname = field(
    t("signup.fullname"),
    h("input", { name: "fullname", autocomplete: "name", required: true }),
  );
  const username = field(
    t("signin.username"),
    h("input", {
      name: "username",
      autocomplete: "username",
      autocapitalize: "none",
      spellcheck: "false",
      required: true,
    }),
    { hint: t("signup.username-hint") },
  );
  const password = passwordField(t("signin.password"), "password", "new-password", t("signup.password-hint"));
  const joinCode = field(
    t("signup.code"),
    h("input", { name: "join_code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", value: argument }),
    { hint: t("signup.code-hint") },
  );
  const code = h("details", { open: Boolean(argument) }, h("summary", {}, t("signup.have-code")), joinCode.node);
  const fields = { fullname, username, password, join_code: joinCode };
  // The account may exist although the sign-in after it failed: a retry then only signs in.
  let enrolled = null;
  const submit = async () => {
    const entries = Object.entries(fields).map(([name, { input }]) => [name, input.value]);
    const account = Object.fromEntries(entries);
    if (enrolled !== account.username) await api.post("/user/", account);
    enrolled = account.username;
    await api.signIn(account.username, account.password);
    toast(t("signup.welcome", { name: account.fullname.trim() }));
    await enter();
  };
  const node = h(
    "section",
    { class: "sheet stack sign-in" },
    h("h1", {}, t("signup.title")),
    form({ fields, submit, label: t("signup.submit") }, fullname.node, username.node, password.node, code),
    h("p", { class: "small" }, t("signup.been-here"), " ", h("a", { href: "#/sign-in" }, t("signup.sign-in"))),
  );
  return { title: t("signup.title"), node };
}
