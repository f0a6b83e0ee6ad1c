/** The page's own files, loaded when they are needed: a missing network is an `offline` error, and a second try works. */
import { ApiError } from "./api.js";
import { keep, recall } from "./browser-storage.js";
import { h } from "./dom.js";

const RELOADED = "reloaded";

/** The module of a page. */
export async function pageModule(name) {
  const address = new URL(`../pages/${name}.js`, import.meta.url).href;
  try {
    const module = await import(address);
    keep(RELOADED, null, "session");
    return module;
  } catch (error) {
    await check(address);
    // A browser may keep the failure of a module and of those that it imports. The page as a whole is loaded again, but
    // only once: an error in the module itself would come back.
    if (recall(RELOADED, "session") === name) throw error;
    keep(RELOADED, name, "session");
    location.reload();
    return new Promise(() => {});
  }
}

/** Rejects with an ApiError where the server cannot be reached, or answers with an error of its own. */
async function check(address) {
  let answer;
  try {
    answer = await fetch(address, { cache: "no-cache" });
  } catch {
    throw new ApiError({ code: "offline" });
  }
  if (!answer.ok) throw new ApiError({ code: "server_error", status: answer.status });
}

const sheets = new Map();

/** Load the style sheet of a page once; resolves when it is applied. */
export function styled(name) {
  const address = new URL(`../styles/pages/${name}.css`, import.meta.url).href;
  if (!sheets.has(name)) {
    const loading = applied(h("link", { rel: "stylesheet", href: address }));
    sheets.set(name, loading);
    loading.catch(() => sheets.delete(name));
  }
  return sheets.get(name);
}

/** Resolves when the style sheets that `index.html` names are applied; those that failed are loaded again. */
export function sharedStyles() {
  const links = [...document.head.querySelectorAll("link[rel=stylesheet]")].filter((link) => !link.sheet && !link.dataset.loading);
  return Promise.all(links.map((link) => applied(h("link", { rel: "stylesheet", href: link.getAttribute("href") }), link)));
}

/** Put the style sheet into the document, in the place of `old`. Rejects with an `offline` error. */
function applied(link, old = null) {
  return new Promise((resolve, reject) => {
    link.dataset.loading = "yes";
    link.addEventListener("load", () => {
      delete link.dataset.loading;
      old?.remove();
      resolve();
    });
    link.addEventListener("error", () => {
      link.remove();
      reject(new ApiError({ code: "offline" }));
    });
    if (old) old.after(link);
    else document.head.append(link);
  });
}
