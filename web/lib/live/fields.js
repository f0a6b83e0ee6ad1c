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
export function mixture({ poses, pairs }, amplitudes) {
  const reach = Math.max(Math.abs(amplitudes.lookRight), Math.abs(amplitudes.lookDown));
  const shares = poses.map((pose) => shareOf(pose, amplitudes, reach));
  // Two poses share a look: each is as far from its extent as the look is.
  const extents = poses.map(({ at }, index) => (at ? reach : shares[index]));
  const weights = [];
  const add = (field, weight) => Math.abs(weight) > 1e-4 && weights.push([field, weight]);
  poses.forEach(({ bend }, index) => {
    add(index, shares[index]);
    if (bend !== undefined) add(bend, 4 * shares[index] * (1 - extents[index]));
  });
  const first = poses.reduce((last, { bend }) => Math.max(last, bend ?? 0), poses.length - 1) + 1;
  pairs.forEach(([one, other, a, b], index) => {
    const both = shares[one] * shares[other];
    // Two looks share the same look.
    if (both) add(first + index, both / (a * b * (poses[other].at ? reach : 1)));
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

/**
 * A mesh over the frame with a vertex at every `every`-th place of the fields, and at the border. `places`: x and y of
 * each vertex, 0..1; `side`: vertices in a row.
 */
export class Mesh {
  constructor(grid, every) {
    const inner = Array.from({ length: grid / every }, (_, index) => index * every);
    const indices = [0, ...inner, inner.at(-1)];
    const lines = [0, ...inner.map((index) => (index + 0.5) / grid), 1];
    this.side = lines.length;
    this.places = Float32Array.from(lines.flatMap((y) => lines.flatMap((x) => [x, y])));
    // The place of the fields that each vertex has.
    this.sources = Uint16Array.from(indices.flatMap((row) => indices.map((column) => row * grid + column)));
    this.lines = lines;
  }

  /** The places in the painting of all vertices, x and y in turn, into `into`: their own and the weighted fields. */
  mix(fields, step, weights, into) {
    const { places, sources } = this;
    into.set(places);
    for (const [index, weight] of weights) {
      const field = fields[index];
      const scale = weight * step;
      for (let vertex = 0, at = 0; vertex < sources.length; vertex += 1, at += 2) {
        const source = 2 * sources[vertex];
        into[at] += scale * field[source];
        into[at + 1] += scale * field[source + 1];
      }
    }
    return into;
  }
}

/** A field, bilinear at `x`, `y`, into `into`. */
export function sampled(field, grid, step, x, y, into) {
  const column = Math.min(grid - 1, Math.max(0, x * grid - 0.5));
  const row = Math.min(grid - 1, Math.max(0, y * grid - 0.5));
  const [left, top] = [Math.min(grid - 2, Math.floor(column)), Math.min(grid - 2, Math.floor(row))];
  const [across, down] = [column - left, row - top];
  const at = 2 * (top * grid + left);
  for (const axis of [0, 1]) {
    const above = field[at + axis] * (1 - across) + field[at + 2 + axis] * across;
    const below = field[at + 2 * grid + axis] * (1 - across) + field[at + 2 * grid + 2 + axis] * across;
    into[axis] = step * (above * (1 - down) + below * down);
  }
  return into;
}
