/**
 * A copy of the student's own card on this device, to be shown without a connection. It has what the card shows: the
 * record, the crest, the portrait. It is deleted with the session; nothing of other students is ever in it.
 */
import { publicFile } from "./sharing.js";

const CACHE = "own";
// Keys in the cache; the server has no such addresses.
const RECORD = "/own/card";
const picture = (name) => `/own/${name}`;

// Each call has a number: what an older one has loaded is not written after a newer one.
let newest = 0;
let deletions = 0;
let addresses = [];

/** Keep `card`, the answer of `GET /dorm/card/`, of `student`, in place of what was kept. What fails is left out. */
export async function keepCard(student, card) {
  if (!("caches" in window)) return;
  newest += 1;
  const mine = newest;
  const before = deletions;
  const { poster, avif, webp } = card.portrait;
  // The photo of a portrait that is being made is private, and no cache may keep it.
  const film = navigator.connection?.saveData ? null : (avif ?? webp);
  const sources = { crest: card.crest, poster: webp && poster, film: webp && film };
  const record = {
    student: { id: student.id, fullname: student.fullname, house: student.house, photographed: student.photographed },
    card: { ...card, portrait: {} },
    sources: Object.fromEntries(Object.entries(sources).map(([name, url]) => [name, url ? new URL(url).pathname : null])),
  };
  try {
    const old = await kept();
    const same = JSON.stringify(old?.sources) === JSON.stringify(record.sources);
    const files = same ? {} : await loaded(sources);
    if (mine !== newest) return;
    // What is missing is tried again the next time.
    if (!same) for (const name of Object.keys(sources)) if (!files[name]) record.sources[name] = null;
    if (!same) await caches.delete(CACHE);
    const cache = await caches.open(CACHE);
    for (const [name, blob] of Object.entries(files)) await cache.put(picture(name), new Response(blob));
    await cache.put(RECORD, new Response(JSON.stringify(record), { headers: { "Content-Type": "application/json" } }));
    // The session has ended in between.
    if (before !== deletions) await caches.delete(CACHE);
  } catch {
    // A full or forbidden storage: there is no copy.
  }
}

/** Delete the copy; with `besides`, unless it is that student's. */
export async function forgetCard(besides = null) {
  if (!("caches" in window)) return;
  try {
    if (besides?.photographed && (await kept())?.student.id === besides.id) return;
    newest += 1;
    deletions += 1;
    await caches.delete(CACHE);
  } catch {
    // There is no storage, and so no copy.
  }
}

/** `{student, card}` of the copy, with pictures that can be shown without a connection; null where there is none. */
export async function readCard() {
  if (!("caches" in window)) return null;
  try {
    const record = await kept();
    if (!record) return null;
    addresses.forEach((address) => URL.revokeObjectURL(address));
    addresses = [];
    const [crest, poster, film] = await Promise.all(["crest", "poster", "film"].map(shown));
    const portrait = film?.type === "image/avif" ? { avif: film.url, webp: poster?.url } : { webp: film?.url ?? poster?.url };
    return {
      student: record.student,
      card: { ...record.card, crest: crest?.url, portrait: { ...portrait, poster: poster?.url } },
    };
  } catch {
    return null;
  }
}

async function kept() {
  const answer = await caches.match(RECORD, { cacheName: CACHE });
  return answer ? answer.json() : null;
}

/** The files as Blobs by name; without those that cannot be read, such as another host's that scripts may not read. */
async function loaded(sources) {
  const files = {};
  for (const [name, url] of Object.entries(sources)) {
    const blob = url ? await publicFile(url).catch(() => null) : null;
    if (blob) files[name] = blob;
  }
  return files;
}

/** `{url, type}` of a kept picture. */
async function shown(name) {
  const answer = await caches.match(picture(name), { cacheName: CACHE });
  if (!answer) return null;
  const blob = await answer.blob();
  const url = URL.createObjectURL(blob);
  addresses.push(url);
  return { url, type: blob.type };
}
