/** The entry point: loads the student's record and shows the page that the address names. */
import { api } from "./lib/api.js";
import { startWorker } from "./lib/app-worker.js";
import { pageModule, sharedStyles, styled } from "./lib/parts.js";
import { announce, focusOn, h, replace } from "./lib/dom.js";
import { t } from "./lib/i18n.js";
import { forgetCard, readCard } from "./lib/own-copy.js";
import { problem } from "./lib/problem.js";
import { ROUTES, nextStep, parts } from "./lib/routes.js";
import { drawShell, main } from "./lib/shell.js";
import { toast } from "./lib/toast.js";
import offline from "./pages/offline.js";

let student = null;
// Whether the student's record was loaded; until then it is not known which pages may be opened.
let known = false;
let leave = null;
// Navigations are numbered; the result of an older one that finishes later is dropped.
let navigation = 0;
// The route that was requested before the sign-in.
let wanted = null;

/** Load the student's record. */
async function refreshStudent() {
  student = (await api.resume()) ? await api.get("/user/me/") : null;
  known = true;
  await forgetCard(student);
  return student;
}

function go(hash) {
  if (location.hash === hash) turn();
  else location.hash = hash;
}

/** The hash that may be shown in place of `hash`. */
function allowed(hash) {
  const route = ROUTES[hash];
  if (!route) return nextStep(student);
  if (route.who === "everyone") return hash;
  if (route.who === "anyone") return student && hash !== "#/" ? nextStep(student) : hash;
  if (!student) {
    wanted = hash;
    return "#/sign-in";
  }
  return route.who === "sorted" && !student.house ? nextStep(student) : hash;
}

async function show() {
  const mine = ++navigation;
  const [asked, argument] = parts(location.hash || "#/");
  const hash = allowed(asked);
  if (hash !== asked) return location.replace(hash);
  const { page, style = page } = ROUTES[hash];
  leave?.();
  leave = null;
  main.setAttribute("aria-busy", "true");
  drawShell(student, hash);
  let made;
  try {
    const [module] = await Promise.all([pageModule(page), styled(style), sharedStyles()]);
    made = await module.default({ api, t, go, toast, announce, enter, refreshStudent: again, student, argument });
  } catch (error) {
    if (mine !== navigation || error.code === "session_expired") return undefined;
    made = await instead(error, hash, show);
  }
  if (mine !== navigation) return made.leave?.();
  put(made, hash, page);
  // Not on the first page, where reading starts at the top.
  if (mine > 1) focusOn(main.querySelector("h1") ?? main);
  return undefined;
}

/** Put what a page has made in the place of the page before. */
function put(made, hash, page) {
  leave = made.leave ?? null;
  main.className = `page page-${page}`;
  replace(main, made.node);
  main.removeAttribute("aria-busy");
  document.title = hash === "#/" ? t("shell.school") : `${made.title} · ${t("shell.school")}`;
  window.scrollTo(0, 0);
}

/** What is shown where a page cannot be: without a connection, the student's own card or what the page needs. */
async function instead(error, hash, retry) {
  if (error.code !== "offline") return { title: t("problem.title"), node: failed(error, retry) };
  const [copy] = await Promise.all([readCard(), styled("card").catch(() => {})]);
  return { ...offline({ error, hash, copy, again: retry }), copy };
}

/** Load the record again and update the frame; passed to the pages. */
async function again() {
  await refreshStudent();
  drawShell(student, location.hash || "#/");
  return student;
}

function failed(error, retry) {
  return h("section", { class: "sheet stack" }, h("h1", {}, t("problem.title")), problem(error, retry, { patient: true }));
}

const SESSION_END_TEXTS = {
  "signed-out": "shell.signed-out",
  "session-expired": "shell.session-expired",
  "account-deleted": "shell.account-deleted",
};

document.addEventListener("goodbye", ({ detail: waiting }) => {
  waiting.push(leave?.());
  leave = null;
});

// The sign-out could not be told to the server, so that the session goes on; its card is no longer kept here.
document.addEventListener("forgotten", () => {
  toast(t("shell.sign-out-offline"));
  turn();
});

document.addEventListener("session", async ({ detail: reason }) => {
  if (reason === "elsewhere") {
    const before = student?.id ?? null;
    try {
      await refreshStudent();
    } catch {
      return; // offline: the next request tries again
    }
    if ((student?.id ?? null) === before) return;
  } else {
    student = null;
    forgetCard();
    toast(t(SESSION_END_TEXTS[reason]));
    if (reason !== "session-expired" && location.hash !== "#/") return void (location.hash = "#/");
  }
  show();
});

/** Show the page that the address names; load the record before, where that could not be done yet. */
function turn() {
  return known ? show() : start();
}

document.addEventListener("languagechange", turn);

/** After the sign-in: go to the requested route. */
async function enter() {
  await refreshStudent();
  const target = wanted && wanted in ROUTES ? wanted : nextStep(student);
  wanted = null;
  go(target);
}

/** Load the page that the address names while the record is loaded; what fails here is tried again by `show`. */
function prepare() {
  const route = ROUTES[parts(location.hash || "#/")[0]];
  if (!route) return;
  import(new URL(`./pages/${route.page}.js`, import.meta.url).href).catch(() => {});
  styled(route.style ?? route.page).catch(() => {});
}

async function start() {
  prepare();
  try {
    await refreshStudent();
  } catch (error) {
    const mine = ++navigation;
    const [hash] = parts(location.hash || "#/");
    const made = await instead(error, hash, start);
    if (mine !== navigation) return;
    drawShell(made.copy?.student ?? null, hash);
    put(made, hash, "offline");
    return;
  }
  await show();
}

window.addEventListener("hashchange", turn);
start();
startWorker();
