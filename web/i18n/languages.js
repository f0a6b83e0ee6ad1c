/**
 * The languages of the page: the name in the language itself, and the texts.
 *
 * The server's list is `LANGUAGES` in config/settings.py; a test compares the two.
 */
import en from "./en.js";
import ko from "./ko.js";

export const LANGUAGES = {
  ko: { name: "한국어", texts: ko },
  en: { name: "English", texts: en },
};

/** Spoken to browsers whose language is not listed. */
export const FALLBACK = "en";
