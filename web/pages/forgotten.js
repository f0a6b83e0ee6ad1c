/** A forgotten password: who hands out a link, and, where the school sends e-mails, the form that has one sent. */
import { h, replace } from "../lib/dom.js";
import { field, form } from "../lib/form.js";

export default async function page({ api, t }) {
  const { by_email: byEmail } = await api.get("/user/recovery/");
  const title = h("h1", {}, t("forgotten.title"));
  const back = h("p", { class: "small" }, h("a", { href: "#/sign-in" }, t("forgotten.back")));
  const node = h("section", { class: "sheet stack sign-in" }, title, h("p", {}, t("forgotten.staff")), byEmail && letter(), back);

  function letter() {
    const username = field(
      t("forgotten.username"),
      h("input", { name: "username", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true }),
    );
    const submit = async () => {
      const { message } = await api.post("/user/recovery/", { username: username.input.value });
      replace(node, title, h("p", { role: "status" }, message), back);
    };
    return form({ fields: { username }, submit, label: t("forgotten.submit") }, username.node);
  }
  return { title: t("forgotten.title"), node };
}
