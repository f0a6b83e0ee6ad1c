/** A new password by the link that staff or an e-mail gave: its end is in the address. */
import { h } from "../lib/dom.js";
import { form, passwordField } from "../lib/form.js";
import { problem } from "../lib/problem.js";

export default async function page({ api, t, enter, toast, argument }) {
  const password = passwordField(t("account.new-password"), "new_password", "new-password", t("signup.password-hint"));
  const box = h("div", {});
  const submit = async () => {
    try {
      await api.recover(argument, password.input.value);
    } catch (error) {
      if (!error.fields?.link) throw error;
      // Not a fault of what was typed.
      box.replaceChildren(problem(error, null), h("p", {}, h("a", { href: "#/forgotten" }, t("forgotten.again"))));
      return;
    }
    toast(t("account.password-changed"));
    await enter();
  };
  const node = h(
    "section",
    { class: "sheet stack sign-in" },
    h("h1", {}, t("account.password")),
    form({ fields: { new_password: password }, submit, label: t("forgotten.set") }, password.node),
    box,
  );
  return { title: t("account.password"), node };
}
