/** An error for people: what happened, what can be done, and a button for it. */
import { ApiError } from "./api.js";
import { h, replace } from "./dom.js";
import { formatWait, t } from "./i18n.js";

/** One sentence for `error`, in the reader's language. */
export function explain(error) {
  if (!(error instanceof ApiError)) {
    console.error(error);
    return t("problem.bug");
  }
  if (error.code === "offline") return t("problem.offline");
  if (error.status === 429) {
    return t("problem.busy", { wait: formatWait(error.retryAfter ?? 60) });
  }
  if (error.status >= 502) return t("problem.unavailable");
  if (error.status >= 500) return t("problem.server");
  return error.fields[""] || Object.values(error.fields)[0] || error.detail || t("problem.server");
}

// Seconds between two tries where the browser believes that there is a network.
const PATIENCE = 5;

/**
 * A box with the error. With `retry`, it has a button, and temporary errors are retried automatically: when the
 * network is back, or after the server's `Retry-After`. With `patient`, also every few seconds; for what only reads. `text`
 * says it in other words.
 */
export function problem(error, retry = null, { patient = false, text = explain(error) } = {}) {
  const box = h("div", { class: "problem", role: "alert" }, h("p", {}, text));
  if (!retry) return box;
  let timer = null;
  const again = () => {
    clearTimeout(timer);
    window.removeEventListener("online", again);
    if (box.isConnected) retry();
  };
  box.append(h("button", { class: "button quiet", type: "button", onclick: again }, t("problem.again")));
  if (error.code === "offline") window.addEventListener("online", again);
  const wait = error.retryAfter ?? (patient && navigator.onLine ? PATIENCE : null);
  if (error.passing && wait) timer = setTimeout(again, wait * 1000);
  return box;
}

/**
 * Show `work()`'s node in `root`, a spinner while it is awaited, and the problem with a retry button when it fails.
 */
export async function load(root, work) {
  replace(root, h("p", { class: "waiting", role: "status" }, t("problem.loading")));
  try {
    replace(root, await work());
  } catch (error) {
    if (error.code === "session_expired") return; // the page goes to the sign-in
    replace(root, problem(error, () => load(root, work), { patient: true }));
  }
}
