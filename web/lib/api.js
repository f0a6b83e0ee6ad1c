/**
 * The JSON endpoints. The access token is kept in this module's closure only; the refresh token is an
 * HttpOnly cookie that scripts cannot read. Every failure is an `ApiError` with a stable code.
 */
import { readEvents } from "./event-stream.js";
import { language } from "./i18n.js";
import { keep, recall } from "./browser-storage.js";

// Bound before other scripts run, so that they cannot be replaced.
const fetch = window.fetch.bind(window);
const Xhr = window.XMLHttpRequest;

// Marks that there is a session to resume, so that a visitor without one causes no refused request.
const SESSION = "session";
const COOKIE_SESSION = { "X-Session": "cookie" };
const UPLOAD_TIMEOUT = 120_000;

let access = null;
const otherTabs = "BroadcastChannel" in window ? new BroadcastChannel("session") : null;

/** A problem document of the server, or `offline` without a response. */
export class ApiError extends Error {
  constructor({ status = 0, code, title = "", detail = "", errors = [], retryAfter = null }) {
    super(detail || title || code);
    Object.assign(this, { name: "ApiError", status, code, title, detail, retryAfter });
    /** `{field: text}`, the faults of each field; "" stands for the form as a whole. */
    this.fields = {};
    /** `{field: code}`, the first of each. */
    this.fieldCodes = {};
    for (const fault of errors) {
      const before = this.fields[fault.field];
      this.fields[fault.field] = before ? `${before} ${fault.detail}` : fault.detail;
      this.fieldCodes[fault.field] ??= fault.code;
    }
  }

  /** Whether the error is temporary, so that the same request may succeed later. */
  get passing() {
    return this.code === "offline" || this.status === 429 || this.status >= 502;
  }
}

const offline = () => new ApiError({ code: "offline" });

async function send(method, path, { body, headers = {} } = {}) {
  const options = {
    method,
    headers: { Accept: "application/json", "Accept-Language": language(), ...headers },
    credentials: "same-origin",
    cache: "no-cache",
    // A deletion that is still delayed is sent when the window is closed.
    keepalive: method === "DELETE",
  };
  if (access) options.headers.Authorization = `Bearer ${access}`;
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  let text;
  try {
    response = await fetch(path, options);
    text = await response.text();
  } catch {
    throw offline();
  }
  return read(response.status, response.headers.get("Retry-After"), text);
}

function read(status, retryAfter, text) {
  let data;
  try {
    data = text ? JSON.parse(text) : null;
  } catch {
    data = null; // a proxy's page instead of our answer
  }
  if (status >= 200 && status < 300) return data;
  const seconds = Number.parseInt(retryAfter, 10);
  throw new ApiError({
    code: "server_error",
    ...data,
    status,
    retryAfter: Number.isNaN(seconds) ? null : seconds,
  });
}

/** Run `call`; if its token has expired, get a new one and run it once more. */
async function withSession(call) {
  const used = access;
  try {
    return await call();
  } catch (error) {
    if (error.status !== 401 || !hasSession()) throw error;
  }
  await refresh(used);
  return call();
}

/** Get a new access token for the cookie. A lock serializes tabs, because a refresh token is valid once. */
async function refresh(used) {
  const once = async () => {
    if (access !== used) return; // another call of this tab has refreshed it
    access = null;
    try {
      access = (await send("POST", "/user/api/token/refresh/", { body: {}, headers: COOKIE_SESSION })).access;
    } catch (error) {
      if (error.status === 401) {
        end("session-expired");
        throw new ApiError({ ...error, code: "session_expired", detail: error.detail });
      }
      throw error;
    }
  };
  return navigator.locks ? navigator.locks.request("session", once) : once();
}

function hasSession() {
  return access !== null || recall(SESSION) !== null;
}

function begin(token) {
  access = token;
  keep(SESSION, "open");
  otherTabs?.postMessage("changed");
}

function end(reason) {
  access = null;
  keep(SESSION, null);
  otherTabs?.postMessage("changed");
  document.dispatchEvent(new CustomEvent("session", { detail: reason }));
}

// After a sign-in or sign-out in another tab, this one must not keep the previous user's token.
otherTabs?.addEventListener("message", () => {
  access = null;
  document.dispatchEvent(new CustomEvent("session", { detail: "elsewhere" }));
});

export const api = {
  get: (path) => withSession(() => send("GET", path)),
  post: (path, body) => withSession(() => send("POST", path, { body })),
  put: (path, body) => withSession(() => send("PUT", path, { body })),
  patch: (path, body) => withSession(() => send("PATCH", path, { body })),
  delete: (path, body) => withSession(() => send("DELETE", path, { body })),

  /** A file of one's own (the card's image) as a Blob, which only the token opens. */
  async blob(path) {
    return withSession(async () => {
      let response;
      try {
        response = await fetch(path, {
          headers: { Authorization: `Bearer ${access}`, "Accept-Language": language() },
          cache: "no-cache",
        });
        if (response.ok) return await response.blob();
      } catch {
        throw offline();
      }
      return read(response.status, response.headers.get("Retry-After"), await response.text());
    });
  },

  /** `hear(data)` each event of a stream, until it ends or `signal` aborts. */
  events: (path, hear, signal) =>
    withSession(async () => {
      let response;
      try {
        response = await fetch(path, {
          headers: {
            Accept: "text/event-stream",
            "Accept-Language": language(),
            Authorization: `Bearer ${access}`,
          },
          cache: "no-store",
          signal,
        });
      } catch {
        throw offline();
      }
      if (response.ok) return readEvents(response, hear, offline);
      return read(response.status, response.headers.get("Retry-After"), await response.text());
    }),

  /** Send a form with files; `onProgress` hears the sent fraction, 0 to 1. (fetch cannot tell.) */
  upload: (path, form, onProgress = () => {}) =>
    withSession(
      () =>
        new Promise((resolve, reject) => {
          const xhr = new Xhr();
          xhr.open("POST", path);
          xhr.timeout = UPLOAD_TIMEOUT;
          xhr.setRequestHeader("Accept", "application/json");
          xhr.setRequestHeader("Accept-Language", language());
          xhr.setRequestHeader("Authorization", `Bearer ${access}`);
          xhr.upload.addEventListener("progress", (event) => {
            if (event.lengthComputable) onProgress(event.loaded / event.total);
          });
          for (const name of ["error", "timeout", "abort"]) xhr.addEventListener(name, () => reject(offline()));
          xhr.addEventListener("load", () => {
            try {
              resolve(read(xhr.status, xhr.getResponseHeader("Retry-After"), xhr.responseText));
            } catch (error) {
              reject(error);
            }
          });
          xhr.send(form);
        }),
    ),

  async signIn(username, password) {
    access = null;
    const answer = await send("POST", "/user/api/token/", {
      body: { username, password },
      headers: COOKIE_SESSION,
    });
    begin(answer.access);
  },

  /** Set a new password by the end of a link; a session begins. */
  async recover(link, password) {
    access = null;
    const answer = await send("POST", "/user/recovery/password/", {
      body: { link, new_password: password },
      headers: COOKIE_SESSION,
    });
    begin(answer.access);
  },

  /** The session ends here even if the server cannot be told. */
  async signOut() {
    try {
      await withSession(() => send("POST", "/user/logout/", { body: {}, headers: COOKIE_SESSION }));
    } catch (error) {
      if (error.code === "offline") throw error;
    }
    end("signed-out");
  },

  /** A new password ends all other sessions; this one goes on with the token of the answer. */
  async changePassword(oldPassword, newPassword) {
    const answer = await withSession(() =>
      send("POST", "/user/password/", {
        body: { old_password: oldPassword, new_password: newPassword },
        headers: COOKIE_SESSION,
      }),
    );
    access = answer.access;
  },

  /** Delete the account and end the session. */
  async deleteAccount(password) {
    await withSession(() => send("DELETE", "/user/me/", { body: { password } }));
    end("account-deleted");
  },

  /** Whether a session from an earlier visit could be taken up again. Throws when offline. */
  async resume() {
    if (access) return true;
    if (!hasSession()) return false;
    try {
      await refresh(null);
      return true;
    } catch (error) {
      if (error.code === "session_expired") return false;
      throw error;
    }
  },
};
