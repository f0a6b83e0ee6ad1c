/** From amplitudes to what the shaders are told. */
import { PATCHES, SLOTS } from "./shaders.js";

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
});

const NOWHERE = { place: [2, 2, 1, 1], atlas: [0, 0, 1, 1] };

/** What the shader is told for `amplitudes`: shares by pose and stage, slots and patches. */
export function sceneOf(about, amplitudes) {
  const [fields, shares, ends] = [[], [], []];
  const [slots, patchSlots, patchShares, patchPlaces, patchAtlas] = [[], [], [], [], []];
  const last = about.stages.at(-1);
  const painted = [];
  const reach = Math.max(Math.abs(amplitudes.lookRight), Math.abs(amplitudes.lookDown));
  for (const stageName of about.stages) {
    about.poses.forEach((pose, index) => {
      const share = pose.stage === stageName ? shareOf(pose, amplitudes, reach) : 0;
      if (share < 1e-4) return;
      // Two poses share a look, and each is as far from its extent as the look is.
      const extent = pose.at ? reach : share;
      fields.push(index);
      shares.push(share);
      if (pose.bend !== undefined && extent < 1) {
        fields.push(pose.bend);
        shares.push(4 * share * (1 - extent));
      }
      const shown = (smoothed(extent, pose.appears) * share) / extent;
      if (pose.patches.length && shown > 0.004) painted.push({ pose, index, shown, face: stageName === last ? 1 : 0 });
    });
    ends.push(fields.length);
  }
  painted.sort((one, other) => other.shown - one.shown);
  painted.slice(0, SLOTS).forEach(({ pose, index, shown, face }, slot) => {
    slots.push(index, face);
    for (const rectangle of pose.patches.slice(0, PATCHES - patchSlots.length)) {
      const { place, atlas } = rectangles(about, rectangle);
      patchSlots.push(slot);
      patchShares.push(shown);
      patchPlaces.push(...place);
      patchAtlas.push(...atlas);
    }
  });
  const mark = about.mark.length ? rectangles(about, about.mark[0]) : NOWHERE;
  return { fields, shares, ends, slots, patchSlots, patchShares, patchPlaces, patchAtlas, mark };
}

/** Left, top, width and height in the frame and in the atlas, as fractions of them. */
function rectangles({ side, atlas: [across, down] }, [left, top, width, height, x, y]) {
  return {
    place: [left / side, top / side, width / side, height / side],
    atlas: [x / across, y / down, width / across, height / down],
  };
}

function shareOf({ name, at }, amplitudes, reach) {
  if (at) {
    if (!reach) return 0;
    const near = (value, place) => Math.max(0, 1 - Math.abs(value / reach - place));
    return reach * near(amplitudes.lookRight, at[0]) * near(amplitudes.lookDown, at[1]);
  }
  if (name === "tilt-left") return Math.max(-amplitudes.tilt, 0);
  if (name === "tilt-right") return Math.max(amplitudes.tilt, 0);
  return amplitudes[name] ?? 0;
}

function smoothed(value, [low, high]) {
  const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return share * share * (3 - 2 * share);
}
