/**
 * The texts of the page. `t("lounge.title", {n: 3})` looks the key up in the current language and fills in `{n}`; an
 * entry that is an object is chosen by the plural rule of `n` (`{one: "…", other: "…"}`).
 */
import { FALLBACK, LANGUAGES } from "../i18n/languages.js";
import { keep, recall } from "./browser-storage.js";

const REMEMBERED = "language";

const known = (code) => Object.hasOwn(LANGUAGES, code);
const preferred = navigator.language.toLowerCase().split("-")[0];
let current = [recall(REMEMBERED), preferred].find((code) => code !== null && known(code)) ?? FALLBACK;
let plural = new Intl.PluralRules(current);
document.documentElement.lang = current;

/** The code of the current language. */
export function language() {
  return current;
}

/** The languages to choose from, as `{code, name}`; the name is in the language itself. */
export function languages() {
  return Object.entries(LANGUAGES).map(([code, { name }]) => ({ code, name }));
}

/** Switch to `code` and remember it. Dispatches `languagechange` on the document, on which the page is drawn again. */
export function setLanguage(code) {
  current = code;
  plural = new Intl.PluralRules(code);
  document.documentElement.lang = code;
  keep(REMEMBERED, code);
  document.dispatchEvent(new Event("languagechange"));
}

/** The text of `key` in the current language. Throws for an unknown key. */
export function t(key, values = {}) {
  let entry = LANGUAGES[current].texts[key];
  if (entry === undefined) throw new Error(`no text for ${key}`);
  if (typeof entry === "object") entry = entry[plural.select(values.n)] ?? entry.other;
  return entry.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? value.toLocaleString(current) : isolated(String(value));
  });
}

// Letters that are written from right to left, and characters that change the direction.
const RIGHT_TO_LEFT = /[\u0590-\u08ff\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A value between two isolates, so that the order of the sentence around it stays; as it is without such letters. */
function isolated(value) {
  return RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : value;
}

/** Whether there is a text for `key`; the server may send codes that are newer than this page. */
export function hasText(key) {
  return key in LANGUAGES[current].texts;
}

/** "2026-07-24" as a long date of the current language. */
export function formatDay(iso) {
  const [year, month, day] = iso.slice(0, 10).split("-").map(Number);
  return new Intl.DateTimeFormat(current, { dateStyle: "long", timeZone: "UTC" }).format(
    new Date(Date.UTC(year, month - 1, day)),
  );
}

/** Seconds as "40 seconds" or "3 minutes", rounded, because the number is an estimate. */
export function formatWait(seconds) {
  if (seconds < 60) return t("time.seconds", { n: seconds < 10 ? Math.max(1, seconds) : Math.ceil(seconds / 5) * 5 });
  return t("time.minutes", { n: Math.round(seconds / 60) });
}
