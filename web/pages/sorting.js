/** The sorting: one question at a time, then the birthday and the preferred house; back and forth, by keyboard too. */
import { focusOn, h, replace } from "../lib/dom.js";
import { field } from "../lib/form.js";
import { houseNames } from "../lib/house.js";
import { problem } from "../lib/problem.js";
import { progressBar } from "../lib/progress.js";
import { keep, recall } from "../lib/browser-storage.js";
import { watchPortrait } from "../lib/portrait-polling.js";

const OLDEST_YEARS = 122;
// Milliseconds that a chosen answer is shown before the next question.
const SEEN = 220;

export default async function page({ api, t, go, student, toast, announce, refreshStudent }) {
  if (student.house) {
    go("#/room");
    return { title: t("sorting.title"), node: h("div", {}) };
  }
  const [{ questions }, { houses }] = await Promise.all([api.get("/dorm/question/?v=2"), api.get("/dorm/houses/")]);
  // Kept for this tab and this student, so that a reload or a language switch loses no answer.
  const drawer = `sorting-${student.id}`;
  const given = { answers: {}, birthday: "", preferred: null, step: 0, ...kept(drawer) };
  const save = () => keep(drawer, JSON.stringify(given), "session");
  const last = questions.length + 1;
  given.step = Math.min(given.step, last);

  const bar = progressBar(t("sorting.progress"));
  const count = h("p", { class: "small sorting-count" });
  const stage = h("div", { class: "stack sorting-stage" });
  const box = h("div", {});
  const back = h("button", { class: "button quiet", type: "button", onclick: () => walk(-1) }, t("sorting.back"));
  const onward = h("button", { class: "button", type: "button", "data-act": "onward", onclick: () => walk(1) }, t("sorting.next"));

  /** A choice of cards, by mouse, by arrow keys (they are radio buttons) or by number. */
  function cards(legend, entries, chosen, choose) {
    const node = h(
      "fieldset",
      { class: "cards" },
      h("legend", { class: "question", tabindex: "-1" }, legend),
      entries.map((entry, place) =>
        h(
          "label",
          { class: "card-option" },
          h("input", { type: "radio", name: "sorting", value: entry.id, checked: String(entry.id) === String(chosen) }),
          entry.picture ?? h("span", { class: "key", "aria-hidden": "true" }, String(place + 1)),
          h("span", {}, entry.text),
        ),
      ),
    );
    node.addEventListener("change", (event) => choose(event.target.value));
    return node;
  }

  function questionStep(question) {
    const entries = question.answers.map(({ id, answer }) => ({ id, text: answer }));
    const node = cards(question.question, entries, given.answers[question.id], (id) => {
      given.answers[question.id] = id;
      save();
    });
    // A tap goes on by itself; keys, whose clicks have no detail, do not: arrows pass over answers. The click that a
    // label passes to its input has no detail in WebKit, so that the label's own counts.
    const { step } = given;
    node.addEventListener("click", ({ detail, target }) => {
      if (detail > 0 && target.closest("label")) setTimeout(() => given.step === step && walk(1), SEEN);
    });
    return node;
  }

  function birthdayStep() {
    const today = new Date();
    const day = (date) => date.toISOString().slice(0, 10);
    const input = h("input", {
      type: "date",
      name: "birthday",
      autocomplete: "bday",
      min: `${today.getFullYear() - OLDEST_YEARS}-01-01`,
      max: day(today),
      value: given.birthday,
    });
    const birthday = field(t("sorting.birthday-label"), input, { hint: t("sorting.birthday-hint") });
    input.addEventListener("input", () => {
      given.birthday = input.value;
      save();
    });
    return h("div", { class: "stack" }, h("h2", { class: "question", tabindex: "-1" }, t("sorting.birthday")), birthday.node);
  }

  function houseStep() {
    const entries = houses.map(({ crest, desc, id, ...names }) => ({
      id,
      text: [h("strong", {}, houseNames(names)), h("br"), h("span", { class: "small" }, desc)],
      picture: h("img", { src: crest, alt: "", width: 56, height: 62, loading: "lazy" }),
    }));
    const node = cards(t("sorting.preferred"), entries, given.preferred, (id) => {
      given.preferred = Number(id);
      save();
    });
    node.classList.add("houses");
    return node;
  }

  const missing = () => {
    if (given.step < questions.length) return questions[given.step].id in given.answers ? "" : t("sorting.choose-one");
    if (given.step === questions.length) {
      const input = stage.querySelector("input");
      return given.birthday && input.checkValidity() ? "" : t("sorting.birthday-wrong");
    }
    return given.preferred ? "" : t("sorting.choose-one");
  };

  function draw(moveFocus = true) {
    const { step } = given;
    replace(box);
    bar.set(step / (last + 1));
    count.textContent = t("sorting.count", { now: step + 1, all: last + 1 });
    back.disabled = step === 0;
    onward.textContent = step === last ? t("sorting.finish") : t("sorting.next");
    if (step < questions.length) replace(stage, questionStep(questions[step]));
    else replace(stage, step === questions.length ? birthdayStep() : houseStep());
    if (moveFocus) {
      const question = stage.querySelector(".question");
      focusOn(stage.querySelector("input:checked, input[type=date]") ?? stage.querySelector("input") ?? question);
      announce(`${count.textContent}. ${question.textContent}`);
    }
  }

  function walk(by) {
    if (by > 0) {
      const fault = missing();
      if (fault) return void replace(box, h("p", { class: "fault", role: "alert" }, fault));
      if (given.step === last) return void finish();
    }
    given.step = Math.min(Math.max(given.step + by, 0), last);
    save();
    return draw();
  }

  async function finish() {
    back.disabled = onward.disabled = true;
    replace(box);
    try {
      const answers = questions.map((question) => given.answers[question.id]);
      // The picture takes part only where the photo was sent with that wish.
      const outcome = await api.post("/dorm/sorting/", { answers, preferred: given.preferred, birthday: given.birthday, look: true });
      keep("sorted", JSON.stringify(outcome), "session");
    } catch (error) {
      back.disabled = onward.disabled = false;
      if (error.code === "session_expired") return;
      if (error.code === "photo_missing") {
        toast(t("sorting.photo-first"));
        go("#/photo");
        return;
      }
      // Sorted already, by a second request or another tab: go on with that house.
      if (error.code !== "already_sorted") {
        replace(box, problem(error, error.passing ? finish : null));
        if ("birthday" in error.fields) {
          given.step = questions.length;
          draw();
          replace(box, problem(error));
        }
        return;
      }
    }
    keep(drawer, null, "session");
    keep("reveal", "yes", "session");
    await refreshStudent();
    go("#/reveal");
  }

  const keys = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const typing = event.target.matches?.("input[type=date], button, a, summary");
    const radios = [...stage.querySelectorAll("input[type=radio]")];
    if (/^[1-9]$/.test(event.key) && radios[event.key - 1] && !typing) {
      radios[event.key - 1].click();
      radios[event.key - 1].focus();
    } else if (event.key === "Enter" && !event.target.matches?.("button, a, summary")) {
      event.preventDefault();
      walk(1);
    } else if (event.key === "Backspace" && !typing) {
      event.preventDefault();
      walk(-1);
    }
  };
  document.addEventListener("keydown", keys);

  // The portrait is made meanwhile; only a photo without a face interrupts the questions.
  const trouble = h("div", {});
  const unwatch = watchPortrait(api, (state) => {
    if (state.status !== "failed") return;
    replace(
      trouble,
      h("div", { class: "problem", role: "alert" }, h("p", {}, state.error.message), h("a", { href: "#/photo" }, t("sorting.new-photo"))),
    );
  });

  draw(false);
  const node = h(
    "section",
    { class: "sheet stack sorting" },
    h("h1", {}, t("sorting.title")),
    trouble,
    count,
    bar.node,
    stage,
    box,
    h("div", { class: "row between always" }, back, onward),
    h("p", { class: "hint keys-hint" }, t("sorting.keys")),
  );
  return {
    title: t("sorting.title"),
    node,
    leave: () => {
      document.removeEventListener("keydown", keys);
      unwatch();
    },
  };
}

/** What is kept under `drawer`; nothing where that cannot be read. */
function kept(drawer) {
  try {
    return JSON.parse(recall(drawer, "session") ?? "{}");
  } catch {
    return {};
  }
}
