/**
 * Korean and English. `t("lounge.title", {n: 3})` looks the key up in the language's table and fills `{n}` in; an entry
 * that is an object is chosen by the plural rule of `n` (`{one: "…", other: "…"}`).
 */
import en from "../i18n/en.js";
import ko from "../i18n/ko.js";
import { keep, recall } from "./store.js";

const TABLES = { ko, en };
const REMEMBERED = "language";

export const LANGUAGES = Object.keys(TABLES);

const preferred = navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en";
let current = recall(REMEMBERED) in TABLES ? recall(REMEMBERED) : preferred;
let plural = new Intl.PluralRules(current);
document.documentElement.lang = current;

/** "ko" or "en". */
export function language() {
  return current;
}

/** Speak `code` from now on, and remember it; who listens to `languagechange` on the document draws anew. */
export function setLanguage(code) {
  current = code;
  plural = new Intl.PluralRules(code);
  document.documentElement.lang = code;
  keep(REMEMBERED, code);
  document.dispatchEvent(new Event("languagechange"));
}

/** The text of `key` in the current language. Throws for a key that no table has. */
export function t(key, values = {}) {
  let entry = TABLES[current][key];
  if (entry === undefined) throw new Error(`no text for ${key}`);
  if (typeof entry === "object") entry = entry[plural.select(values.n)] ?? entry.other;
  return entry.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? value.toLocaleString(current) : String(value);
  });
}

/** Whether there is a text for `key`: for codes that come from the server and may be newer than this page. */
export function hasText(key) {
  return key in TABLES[current];
}

/** "2026-07-24" as people write a day. */
export function formatDay(iso) {
  const [year, month, day] = iso.slice(0, 10).split("-").map(Number);
  return new Intl.DateTimeFormat(current, { dateStyle: "long", timeZone: "UTC" }).format(
    new Date(Date.UTC(year, month - 1, day)),
  );
}

/** Seconds as "40 seconds" or "3 minutes", never more exact than a guess is. */
export function formatWait(seconds) {
  if (seconds < 60) return t("time.seconds", { n: seconds < 10 ? Math.max(1, seconds) : Math.ceil(seconds / 5) * 5 });
  return t("time.minutes", { n: Math.round(seconds / 60) });
}
