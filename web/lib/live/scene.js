/** Amplitudes, and which patches they show. */

export const AT_REST = Object.freeze({
  lookRight: 0, // -1..1, the picture's right
  lookDown: 0, // -1..1
  nod: 0, // 0..1, as all that follow
  tilt: 0, // -1..1, clockwise
  breath: 0,
  smile: 0,
  open: 0,
  blink: 0,
  wink: 0,
  gazeRight: 0, // -1..1, of the eyes alone
  gazeDown: 0, // -1..1
});
export const SIGNED = new Set(["lookRight", "lookDown", "tilt", "gazeRight", "gazeDown"]);
// A pose shows less than a grey value below this.
const LEAST = 0.004;

/**
 * The amplitudes in their ranges. The motions of the head share one budget: the larger of the two of the look, the nod and
 * the tilt are at most 1 together, else all three are scaled to that.
 */
export function within(amplitudes) {
  const inside = {};
  for (const name of Object.keys(AT_REST)) {
    inside[name] = Math.min(1, Math.max(SIGNED.has(name) ? -1 : 0, amplitudes[name] ?? 0));
  }
  const total = Math.max(Math.abs(inside.lookRight), Math.abs(inside.lookDown)) + inside.nod + Math.abs(inside.tilt);
  if (total > 1) for (const name of ["lookRight", "lookDown", "nod", "tilt"]) inside[name] /= total;
  return inside;
}

/** The patches that show, for a mixture of `fields.js`, at most so many: `{pose, share, rectangle}`, the faintest last. */
export function patchesOf({ poses }, { shares, extents }, most) {
  const painted = [];
  poses.forEach(({ appears, patches }, pose) => {
    if (!patches.length || !shares[pose]) return;
    const share = (smoothed(extents[pose], appears) * shares[pose]) / extents[pose];
    if (share > LEAST) painted.push(...patches.map((rectangle) => ({ pose, share, rectangle })));
  });
  return painted.sort((one, other) => other.share - one.share).slice(0, most);
}

function smoothed(value, [low, high]) {
  const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return share * share * (3 - 2 * share);
}
