/** Browser storage for small texts; without storage the page works as well. */

/** The text kept under `key`, or null; `box` is "local" (permanent) or "session" (for this tab). */
export function recall(key, box = "local") {
  try {
    return window[`${box}Storage`].getItem(key);
  } catch {
    return null;
  }
}

/** Keep `text` under `key`; null deletes it. */
export function keep(key, text, box = "local") {
  try {
    if (text === null) window[`${box}Storage`].removeItem(key);
    else window[`${box}Storage`].setItem(key, text);
  } catch {
    // Private windows and full storage: nothing is kept.
  }
}
