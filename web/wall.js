/**
 * The projector page: as many framed portraits as fit, the newest one large, others in turns. Live portraits look at the
 * newest one, which greets. The key is behind the `#` of the address.
 */
import { announce, h, replace } from "./lib/dom.js";
import { houseColours, houseNames } from "./lib/house.js";
import { t } from "./lib/i18n.js";
import { livePortrait } from "./lib/portrait.js";

// Milliseconds between two questions for new portraits, and until one of the frames shows another student.
const ASK = 5000;
const TURN = 7000;
// The most portraits that are live at a time; each takes some megabytes of memory.
const LIVE = 24;
// Milliseconds for which the others look at a new portrait, and between two looks, each of which is forgotten later.
const [GREETED, LOOK] = [14_000, 2000];
// CSS pixels of a frame; a tile has 192.
const [LEAST, MOST] = [150, 260];
// Of the plate below a frame, and between two frames.
const [PLATE, GAP] = [52, 17];

const key = decodeURIComponent(location.hash.slice(1));
const students = new Map();
let asOf = "";
let newest = null;
let shown = [];
let turn = 0;

const title = h("h1", {}, t("shell.school"));
const full = h("button", { class: "button quiet full", type: "button", onclick: fill }, t("wall.full"));
const board = h("ul", { class: "wall" });
const note = h("p", { class: "wall-note", role: "status" });
const main = h("main", { class: "wall-page" }, h("header", { class: "wall-head" }, title, full), note, board);
document.title = t("shell.school");
document.body.append(main);
full.hidden = !document.fullscreenEnabled;

function fill() {
  document.documentElement.requestFullscreen().catch(() => {});
}

document.addEventListener("fullscreenchange", () => {
  full.hidden = Boolean(document.fullscreenElement);
});

async function ask() {
  let answer;
  try {
    answer = await fetch(`/wall/portraits/?since=${encodeURIComponent(asOf)}`, {
      headers: { Accept: "application/json", Authorization: `Wall ${key}` },
      cache: "no-store",
    });
    if (answer.status === 403) {
      say(t("wall.ended"));
      replace(board);
      return;
    }
    if (answer.ok) take(await answer.json());
  } catch {
    // There is no network at the moment; what hangs stays.
  }
  setTimeout(ask, ASK);
}

function take({ results, as_of: now }) {
  const first = asOf === "";
  asOf = now;
  // The oldest first, so that the newest is the last one that is hung.
  for (const student of results.reverse()) {
    students.delete(student.id);
    students.set(student.id, student);
    newest = student.id;
    if (!first) announce(t("wall.new", { name: student.fullname }));
  }
  if (students.size === 0) say(t("wall.empty"));
  else if (results.length) {
    say("");
    hang();
    if (!first) greet();
  }
}

function say(text) {
  note.textContent = text;
  note.hidden = !text;
}

/** Fill the screen: the newest portrait takes the place of four frames, where there is room for that. */
function hang() {
  const width = board.clientWidth;
  const height = window.innerHeight - board.getBoundingClientRect().top - 16;
  const { columns, rows } = layout(width, height);
  board.style.setProperty("--columns", columns);
  const places = Math.max(0, columns * rows - 4);
  const others = [...students.keys()].filter((id) => id !== newest).reverse();
  shown = others.slice(0, places);
  turn = places;
  // What hangs already is hung again rather than loaded again.
  const before = new Map([...board.children].map((item) => [item.dataset.key, item]));
  const hung = [newest, ...shown].map((id, index) => {
    const student = students.get(id);
    const large = index === 0;
    return before.get(keyOf(student, large)) ?? frame(student, { large, lives: index < LIVE });
  });
  replace(board, hung);
}

function keyOf({ id, portrait_at: at }, large) {
  return `${id}/${at}/${large}`;
}

/** All live portraits look at the newest one, and it greets, for a while. */
function greet() {
  const until = performance.now() + GREETED;
  const [newcomer] = board.children;
  const face = newcomer.querySelector("moving-portrait");
  // What is new is still being loaded.
  face?.addEventListener("live", () => face.greet(), { once: true });
  const look = () => {
    if (!newcomer.isConnected || performance.now() > until) return;
    const there = middle(newcomer);
    for (const one of board.querySelectorAll("li:not(:first-child) moving-portrait")) {
      const [x, y] = middle(one);
      const [right, down] = [(there[0] - x) / (window.innerWidth / 2), (there[1] - y) / (window.innerHeight / 2)];
      // Before the player is loaded, the element has no methods.
      one.look?.(right, down);
    }
    setTimeout(look, LOOK);
  };
  look();
}

function middle(node) {
  const { x, y, width, height } = node.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
}

/** The number of columns with which rows of square frames leave least of the height empty. */
function layout(width, height) {
  let best = { columns: 2, rows: 2, filled: 0 };
  for (let columns = Math.max(2, Math.ceil(width / MOST)); columns <= Math.max(2, width / LEAST); columns += 1) {
    const row = (width - (columns - 1) * GAP) / columns + PLATE + GAP;
    const rows = Math.max(2, Math.floor((height + GAP) / row));
    const filled = rows * row - GAP;
    if (filled <= height && filled > best.filled) best = { columns, rows, filled };
  }
  return best;
}

/** One frame shows the next student who does not hang. */
function change() {
  const others = [...students.keys()].filter((id) => id !== newest).reverse();
  if (others.length <= shown.length || shown.length === 0) return;
  do turn += 1;
  while (shown.includes(others[turn % others.length]));
  const place = turn % shown.length;
  shown[place] = others[turn % others.length];
  board.children[place + 1].replaceWith(frame(students.get(shown[place]), { lives: place + 1 < LIVE }));
}

/** `lives`: as a live portrait, where the student has one; else, and where it cannot be played, the film or its tile. */
function frame(student, { large = false, lives = true } = {}) {
  const { fullname, house, portrait: files } = student;
  const colours = houseColours(house);
  return h(
    "li",
    { class: large ? "large" : "", ...colours, dataset: { ...colours.dataset, key: keyOf(student, large) } },
    livePortrait({
      live: lives ? files.live : null,
      attends: false,
      src: (large ? files.webp : files.tile) ?? files.webp,
      poster: large ? files.poster : files.still,
      still: files.still,
      alt: "",
      lazy: false,
      size: large ? 420 : 192,
    }),
    h("p", { class: "plate" }, h("bdi", {}, fullname), h("span", {}, houseNames(house))),
  );
}

let resized = null;
window.addEventListener("resize", () => {
  clearTimeout(resized);
  resized = setTimeout(() => newest !== null && hang(), 200);
});
window.addEventListener("hashchange", () => location.reload());
setInterval(change, TURN);
ask();
