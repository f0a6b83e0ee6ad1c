/** The gallery: everyone in the school, by name and house, newest portraits first or in a random order. */
import { announce, focusOn, h, replace, uniqueId } from "./dom.js";
import { houseColours, houseNames } from "./house.js";
import { formatDay, t } from "./i18n.js";
import { livePortrait } from "./portrait.js";
import { load } from "./problem.js";
import { tile } from "./tile.js";

const PAGE = 30;
const OUTLINES = 12;
// Milliseconds after the last key before the search begins.
const TYPING = 300;
// Milliseconds between two questions for new portraits.
const NEWS = 30_000;

/** `{node, leave}`. The houses to choose from come later: nothing waits for them. */
export function gallery({ api }) {
  let houses = [];
  const wanted = { name: "", house: "", order: "newest", seed: 0 };
  let asOf = null;
  let run = 0;
  const list = h("ul", { class: "tiles" });
  const more = h("div", { class: "centred" });
  const about = h("p", { class: "small house-words", hidden: true });
  const news = h("button", { class: "button quiet news", type: "button", hidden: true, onclick: showNews });
  const name = h("input", { type: "search", name: "name", maxlength: 40, autocomplete: "off", enterkeyhint: "search" });
  const house = select("house", [["", t("gallery.all-houses")]]);
  const order = select("order", [
    ["newest", t("gallery.newest")],
    ["random", t("gallery.random")],
  ]);
  let typing = null;
  name.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(apply, TYPING);
  });
  house.addEventListener("change", apply);
  order.addEventListener("change", apply);
  const search = h(
    "form",
    { class: "gallery-search", role: "search", "aria-label": t("gallery.search") },
    labelled(t("gallery.name"), name),
    labelled(t("card.house"), house),
    labelled(t("gallery.order"), order),
  );
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    apply();
  });
  const node = h(
    "section",
    { class: "stack gallery", "aria-labelledby": "gallery" },
    h("div", { class: "row between" }, h("h2", { id: "gallery", tabindex: "-1" }, t("gallery.title")), news),
    search,
    about,
    list,
    more,
  );
  begin();
  offerHouses();
  const timer = setInterval(askForNews, NEWS);
  const leave = () => {
    run += 1;
    clearInterval(timer);
    clearTimeout(typing);
  };
  return { node, leave };

  /** The first page of what is chosen. */
  function begin() {
    const mine = ++run;
    // Outlines of what is coming, so that nothing jumps when it is there.
    if (!list.children.length) replace(list, Array.from({ length: OUTLINES }, outline));
    const { order: way, seed, ...rest } = wanted;
    const query = new URLSearchParams({ page_size: PAGE, order: way, ...(way === "random" && { seed }) });
    for (const [key, value] of Object.entries(rest)) if (value) query.set(key, value);
    load(more, () => page(`?${query}`, mine, true));
  }

  /** A page of students; resolves to the button for the next one. */
  async function page(query, mine, first = false) {
    const { results, next, as_of: now } = await api.get(`/lounge/gallery/${query}`);
    if (mine !== run) return null;
    const rows = results.map(row);
    if (first) {
      asOf = now;
      replace(list, rows);
      if (wanted.name || wanted.house) announce(t("gallery.found", { n: results.length }));
    } else {
      list.append(...rows);
      if (rows.length) rows[0].querySelector("button").focus({ preventScroll: true });
    }
    if (!list.children.length) return h("p", {}, t(wanted.name || wanted.house ? "gallery.nobody" : "gallery.empty"));
    if (!next) return null;
    const further = () => load(more, () => page(new URL(next).search, mine));
    return h("button", { class: "button quiet", type: "button", onclick: further }, t("gallery.more"));
  }

  async function offerHouses() {
    try {
      ({ houses } = await api.get("/dorm/houses/"));
    } catch {
      return; // Without them the rest can be used all the same.
    }
    house.append(...options(houses.map((each) => [each.id, houseNames(each)])));
  }

  function apply() {
    const before = JSON.stringify(wanted);
    Object.assign(wanted, { name: name.value.trim(), house: house.value, order: order.value });
    if (JSON.stringify(wanted) === before) return;
    if (wanted.order === "random" && !before.includes('"random"')) wanted.seed = Math.floor(Math.random() * 2 ** 31);
    const chosen = houses.find(({ id }) => String(id) === wanted.house);
    about.textContent = chosen?.desc ?? "";
    about.hidden = !chosen?.desc;
    begin();
  }

  async function askForNews() {
    if (!asOf || document.hidden) return;
    try {
      const { count } = await api.get(`/lounge/gallery/new/?since=${encodeURIComponent(asOf)}`);
      if (count && news.dataset.count !== String(count)) {
        news.dataset.count = count;
        news.textContent = t("gallery.new", { n: count });
        news.hidden = false;
      }
    } catch {
      // Asked again in a while.
    }
  }

  function showNews() {
    news.hidden = true;
    name.value = house.value = "";
    order.value = "newest";
    Object.assign(wanted, { name: "", house: "", order: "newest" });
    about.hidden = true;
    focusOn(node.querySelector("h2"));
    begin();
  }
}

function outline() {
  return h("li", { class: "tile-outline", "aria-hidden": "true" });
}

function row(student) {
  const label = `${student.fullname}, ${houseNames(student.house)}`;
  return h(
    "li",
    houseColours(student.house),
    h(
      "button",
      { class: "tile", type: "button", "aria-haspopup": "dialog", "aria-label": label, onclick: () => enlarge(student) },
      tile(student.portrait, { size: 120 }),
      h("span", { class: "tile-name" }, h("bdi", {}, student.fullname)),
      h("span", { class: "tile-house" }, student.house.local_name),
    ),
  );
}

/** The portrait in full size, in a dialog; Escape, the button and a click beside it close it. */
export function enlarge({ fullname, house, portrait: files, portrait_at: since }) {
  const id = uniqueId("student");
  const dialog = h(
    "dialog",
    { class: "sheet confirm viewer", "aria-labelledby": id },
    h(
      "div",
      { class: "stack centred" },
      livePortrait({
        live: files.live,
        src: files.webp ?? "",
        poster: files.poster,
        still: files.still,
        alt: files.webp ? t("card.portrait-alt", { name: fullname }) : t("gallery.no-portrait"),
        lazy: false,
        size: 420,
      }),
      h("h2", { id }, h("bdi", {}, fullname)),
      h("p", {}, houseNames(house)),
      since && h("p", { class: "small" }, t("gallery.since", { day: formatDay(since) })),
      h("button", { class: "button quiet", type: "button", autofocus: true, onclick: () => dialog.close() }, t("gallery.close")),
    ),
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function select(name, choices) {
  return h("select", { name }, options(choices));
}

function options(choices) {
  return choices.map(([value, text]) => h("option", { value }, text));
}

function labelled(text, input) {
  return h("label", {}, h("span", {}, text), input);
}
