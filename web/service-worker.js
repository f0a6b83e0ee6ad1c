/**
 * The service worker: keeps the page's own files, so that the page opens without a connection, and nothing else. What the API
 * answers, and everybody's pictures, pass it by. The student's own card is kept by the page (`lib/own-copy.js`).
 *
 * The server fills in the edition of the page, and the addresses of the files that the first view needs.
 */
const EDITION = self.EDITION;
const FILES = self.FILES;

const DOCUMENT = "/";
const VERSIONED = `/web/v-${EDITION}/`;
const PREFIX = "shell-";
const SHELL = PREFIX + EDITION;
// Their addresses do not change with their contents.
const ART = [
  ...["app-192.png", "favicon.svg", "candle.svg", "empty-frame.svg", "flourish.svg", "stars.svg"],
  ...["icon-account.svg", "icon-card.svg", "icon-lounge.svg", "icon-room.svg"],
].map((name) => `/web/art/${name}`);
// Milliseconds. After them a file that is kept is shown, although a newer one may still come.
const PATIENCE = 3000;

self.addEventListener("install", (event) => {
  event.waitUntil(fill().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(clean().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (pathname === DOCUMENT) event.respondWith(newest(event, DOCUMENT));
  } else if (pathname.startsWith(VERSIONED)) {
    event.respondWith(lasting(event, pathname));
  } else if (ART.includes(pathname)) {
    event.respondWith(newest(event, pathname));
  }
});

/** Load all that the page needs without a connection. Rejects where a file is missing, or is of another edition. */
async function fill() {
  const cache = await caches.open(SHELL);
  const load = async (path) => {
    const kept = await keep(cache, path, await fetch(path));
    if (!kept) throw new Error(`${path} is not of the edition ${EDITION}`);
  };
  await Promise.all([DOCUMENT, ...FILES, ...ART].map(load));
}

/** Delete the files of other editions. */
async function clean() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== SHELL).map((name) => caches.delete(name)));
}

/** Keep a copy of `response` under `path` if it belongs to this edition; resolves to whether it does. */
async function keep(cache, path, response) {
  if (!response.ok || response.redirected) return false;
  // The document of another edition names files that are not kept here, and another edition's file is never immutable.
  if (path === DOCUMENT && !(await response.clone().text()).includes(VERSIONED)) return false;
  if (path.startsWith(VERSIONED) && !response.headers.get("Cache-Control")?.includes("immutable")) return false;
  await cache.put(path, response.clone());
  return true;
}

/** The kept file, and else the server's. */
async function lasting(event, path) {
  const cache = await caches.open(SHELL);
  const kept = await cache.match(path, { ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(event.request);
  event.waitUntil(keep(cache, path, response.clone()));
  return response;
}

/** The server's file; the kept one where the server does not answer, does so with an error of its own, or is slow. */
async function newest(event, path) {
  const cache = await caches.open(SHELL);
  const asked = fetch(event.request).then((response) => {
    event.waitUntil(keep(cache, path, response.clone()));
    return response;
  });
  const kept = await cache.match(path, { ignoreVary: true });
  if (!kept) return asked;
  const late = new Promise((resolve) => setTimeout(() => resolve(kept), PATIENCE));
  const good = asked.then((response) => (response.status >= 500 ? kept : response), () => kept);
  return Promise.race([good, late]);
}

/** A tap on "your portrait is ready" leads to the room, in a window that is open or in a new one. */
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.hash));
});

async function open(hash) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = windows.find(({ url }) => new URL(url).pathname === DOCUMENT);
  if (!page) return self.clients.openWindow(DOCUMENT + hash);
  page.postMessage({ go: hash });
  return page.focus();
}
