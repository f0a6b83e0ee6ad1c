/** Files for the student's own machine: sent by the system's dialog where there is one, else saved. */
import { ApiError } from "./api.js";
import { h } from "./dom.js";

// By then the browser has read the bytes of the download.
const RELEASE_AFTER = 60_000;

/** Whether this browser can send files of that kind, such as "video/mp4". */
export function canSend(type) {
  const probe = new File([new Uint8Array(1)], "probe", { type });
  return Boolean(navigator.canShare?.({ files: [probe] }));
}

/**
 * Send `file` by the system's dialog. Resolves to "sent", "closed", or "again" where the browser wants another tap since
 * the one before is too long ago.
 */
export async function send(file) {
  try {
    await navigator.share({ files: [file] });
    return "sent";
  } catch (error) {
    return error.name === "NotAllowedError" ? "again" : "closed";
  }
}

/** Have the browser save `blob` under `name`. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), RELEASE_AFTER);
}

/** A public file as a Blob. Throws an ApiError. */
export async function publicFile(url) {
  let answer;
  try {
    answer = await fetch(url);
    if (answer.ok) return await answer.blob();
  } catch {
    throw new ApiError({ code: "offline" });
  }
  throw new ApiError({ code: "server_error", status: answer.status });
}
