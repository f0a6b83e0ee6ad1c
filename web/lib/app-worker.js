/** The service worker of the page, where the browser has one: over HTTPS, or on this machine. Without it the page works as well. */

// Milliseconds after the page is loaded: the pictures of the first view come first.
const WAIT = 1500;

/** Register it once the first view is there; what it asks the page to open is opened. */
export function startWorker() {
  const workers = navigator.serviceWorker;
  if (!workers) return;
  workers.addEventListener("message", ({ data }) => {
    if (data?.go) location.hash = data.go;
  });
  const now = () => register(workers).catch(() => {});
  const online = () => (navigator.onLine ? now() : window.addEventListener("online", now, { once: true }));
  const later = () => setTimeout(online, WAIT);
  if (document.readyState === "complete") later();
  else window.addEventListener("load", later, { once: true });
}

async function register(workers) {
  const before = workers.controller;
  const registration = await workers.register("/service-worker.js");
  // Another edition is looked for now, and not when the browser finds the time.
  if (before) await registration.update();
}
