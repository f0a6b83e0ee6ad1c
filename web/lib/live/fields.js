/** The displacement fields of a live portrait, mixed for any amplitudes. docs/live.md has the arithmetic. */

/**
 * The fields of a file: for each an Int16Array with x and y of every place in turn, in units of the file's `step`.
 * `data`: the low bytes of all zigzag encoded differences, then their high bytes.
 */
export function decoded(data, grid) {
  const [places, half] = [grid * grid, data.length / 2];
  const fields = [];
  for (let begin = 0; begin < half; begin += 2 * places) {
    const field = new Int16Array(2 * places);
    for (const axis of [0, 1]) {
      for (let place = 0; place < places; place += 1) {
        const at = begin + axis * places + place;
        const coded = data[at] | (data[half + at] << 8);
        const difference = (coded >>> 1) ^ -(coded & 1);
        const across = place % grid !== 0;
        const down = place >= grid;
        const left = across ? field[2 * (place - 1) + axis] : 0;
        const above = down ? field[2 * (place - grid) + axis] : 0;
        const corner = across && down ? field[2 * (place - grid - 1) + axis] : 0;
        field[2 * place + axis] = left + above - corner + difference;
      }
    }
    fields.push(field);
  }
  return fields;
}

/** How far the portrait is in each pose, and how much of each field that is: `{shares, extents, weights}`. */
export function mixture({ poses, pairs, skews = [] }, amplitudes) {
  const reach = Math.max(Math.abs(amplitudes.lookRight), Math.abs(amplitudes.lookDown));
  const shares = poses.map((pose) => shareOf(pose, amplitudes, reach));
  // Two poses share a look: each is as far from its extent as the look is.
  const extents = poses.map(({ at }, index) => (at ? reach : shares[index]));
  const weights = [];
  const add = (field, weight) => Math.abs(weight) > 1e-4 && weights.push([field, weight]);
  // Where the head nods or tilts as well, the way of a look is another one.
  const alone = (1 - amplitudes.nod - Math.abs(amplitudes.tilt)) ** 4;
  poses.forEach(({ bend, cubic }, index) => {
    const [share, extent] = [shares[index], extents[index]];
    add(index, share);
    if (bend !== undefined) add(bend, 4 * share * (1 - extent));
    if (cubic !== undefined) add(cubic, share * (1 - extent) * (1 - 2 * extent) * alone);
  });
  const first = poses.reduce((last, { bend }) => Math.max(last, bend ?? 0), poses.length - 1) + 1;
  pairs.forEach(([one, other, a, b], index) => {
    const both = shares[one] * shares[other];
    // Two looks share the same look.
    if (both) add(first + index, both / (a * b * (poses[other].at ? reach : 1)));
  });
  const last = poses.reduce((most, { cubic }) => Math.max(most, cubic ?? 0), first + pairs.length - 1) + 1;
  skews.forEach(([one, other], index) => {
    add(last + index, shares[one] * shares[other] * (extents[one] - extents[other]));
  });
  return { shares, extents, weights };
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
