/**
 * Draws one portrait in one call. The call has a mesh over the whole frame, and after it the cells of the same mesh in
 * which an eye that looks aside, a patch or the AI mark may show, each such part in a layer of its own.
 */
import { mixture } from "./fields.js";
import { bind, program } from "./gl.js";
import { patchesOf } from "./scene.js";
import { fragmentShader, LAYERS, vertexShader, WEIGHTS } from "./shaders.js";

// Below these sizes, in pixels, every fourth or second place of the fields has a vertex.
const COARSER = [
  [192, 4],
  [320, 2],
];
// From this size relative to the painting on, bicubic interpolation keeps strokes sharp; below, smaller copies are sampled.
const SHARP = 0.75;
// A field that moves no place by more pixels than this is left out.
const UNSEEN = 0.02;
// Nor are eyes drawn that move by fewer.
const UNSEEN_EYES = 0.2;
// Rounds in which the place of a patch is found.
const ROUNDS = 4;
// A place far from everything: there is no eye.
const NOWHERE = [8, 8, 1, 1];

export class Drawing {
  constructor(gl) {
    this.gl = gl;
    this.plain = program(gl, vertexShader(), fragmentShader(false));
    this.large = program(gl, vertexShader(), fragmentShader(true));
    this.meshes = new Map();
    this.weights = new Float32Array(2 * WEIGHTS);
    this.places = new Float32Array(4 * LAYERS);
    this.parts = new Float32Array(4 * LAYERS);
    this.layers = new Float32Array(4 * LAYERS);
    this.poses = new Float32Array(LAYERS);
    // What was drawn lies below what is drawn; colours are multiplied by their alpha.
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** Draw `model` with `amplitudes` into the part of the canvas at `x`, `y` from its lower left corner. */
  draw(model, amplitudes, x, y, side, { sharp }) {
    const { gl } = this;
    const { about } = model;
    const mixed = mixture(about, amplitudes);
    const mesh = this.mesh(about.grid, COARSER.find(([largest]) => side < largest)?.[1] ?? 1);
    const strongest = mixed.weights
      .map(([field, weight]) => [field, weight, Math.abs(weight) * model.bounds[field].farthest * side])
      .filter(([, , pixels]) => pixels > UNSEEN)
      .sort(([, , one], [, , other]) => other - one)
      .slice(0, WEIGHTS);
    const layers = layersOf(model, mixed, amplitudes, side).slice(0, LAYERS);
    const count = this.indexed(model, mesh, layers.slice(1), strongest);
    const { program: shader, places } = sharp && side >= SHARP * about.side ? this.large : this.plain;
    model.shrink(side);
    strongest.forEach(([field, weight], index) => this.weights.set([field, weight * about.step], 2 * index));
    layers.forEach(({ place, part, pose = -1, share = 1, frame = false, mark = false, gaze = [mark ? 1 : 0, 0] }, index) => {
      this.places.set(middled(place), 4 * index);
      this.parts.set(middled(part), 4 * index);
      this.layers.set([share, frame ? 1 : 0, ...gaze], 4 * index);
      this.poses[index] = pose;
    });
    gl.viewport(x, y, side, side);
    gl.useProgram(shader);
    bind(gl, { places }, [
      ["u_person", gl.TEXTURE_2D, model.person],
      ["u_sheet", gl.TEXTURE_2D, model.sheet],
      ["u_fields", gl.TEXTURE_2D_ARRAY, model.fields],
    ]);
    gl.uniform1f(places.u_grid, about.grid);
    gl.uniform1f(places.u_step, about.step);
    gl.uniform2f(places.u_mesh, mesh.every, mesh.side - 1);
    gl.uniform1i(places.u_count, strongest.length);
    gl.uniform1i(places.u_rounds, ROUNDS);
    gl.uniform2fv(places.u_weights, this.weights);
    gl.uniform4fv(places.u_places, this.places);
    gl.uniform4fv(places.u_parts, this.parts);
    gl.uniform4fv(places.u_layers, this.layers);
    gl.uniform1fv(places.u_poses, this.poses);
    gl.enable(gl.BLEND);
    gl.drawElements(gl.TRIANGLES, count, gl.UNSIGNED_SHORT, 0);
  }

  /** The vertices for fields of `grid` places a side: at every `every`-th place and at the border, once for each layer. */
  mesh(grid, every) {
    const key = `${grid}/${every}`;
    if (!this.meshes.has(key)) {
      const { gl } = this;
      const side = grid / every + 2;
      const vertices = new Uint8Array(4 * LAYERS * side * side);
      for (let index = 0; index < LAYERS * side * side; index += 1) {
        const place = index % (side * side);
        vertices.set([place % side, Math.floor(place / side), Math.floor(index / (side * side))], 4 * index);
      }
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, vertices, gl.STATIC_DRAW);
      const lines = Array.from({ length: side }, (_, line) => Math.min(1, Math.max(0, ((line - 1) * every + 0.5) / grid)));
      lines[side - 1] = 1;
      const frame = cells({ side }, 0, [0, 0, side - 1, side - 1]);
      this.meshes.set(key, { key, every, side, buffer, lines, frame });
    }
    return this.meshes.get(key);
  }

  /** Bind the vertices of `mesh`, and the indices of its cells that `layers` may show; returns how many. */
  indexed(model, mesh, layers, weights) {
    const { gl } = this;
    let own = model.indices.get(mesh.key);
    if (!own) {
      own = { array: gl.createVertexArray(), buffer: gl.createBuffer(), length: 0, shown: "" };
      model.indices.set(mesh.key, own);
      gl.bindVertexArray(own.array);
      gl.bindBuffer(gl.ARRAY_BUFFER, mesh.buffer);
      gl.enableVertexAttribArray(0);
      gl.vertexAttribPointer(0, 4, gl.UNSIGNED_BYTE, false, 0, 0);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, own.buffer);
    }
    gl.bindVertexArray(own.array);
    const rectangles = layers.map((layer) => cellsOf(mesh, around(model, layer, weights)));
    const shown = rectangles.join();
    if (own.length && shown === own.shown) return own.count;
    const added = Uint16Array.from(rectangles.flatMap((rectangle, index) => cells(mesh, index + 1, rectangle)));
    own.shown = shown;
    own.count = mesh.frame.length + added.length;
    if (own.count > own.length) {
      own.length = mesh.frame.length + 2 * added.length;
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, own.length * Uint16Array.BYTES_PER_ELEMENT, gl.DYNAMIC_DRAW);
      gl.bufferSubData(gl.ELEMENT_ARRAY_BUFFER, 0, Uint16Array.from(mesh.frame));
    }
    gl.bufferSubData(gl.ELEMENT_ARRAY_BUFFER, mesh.frame.length * Uint16Array.BYTES_PER_ELEMENT, added);
    return own.count;
  }
}

/** What is drawn, from below: the person before the wall, eyes that look aside, the patches that show, the AI mark. */
function layersOf(model, mixed, { gazeRight, gazeDown }, pixels) {
  const { about } = model;
  const { side } = about;
  const placed = (rectangle) => ({
    place: rectangle.slice(0, 4).map((value) => value / side),
    part: model.parts.get(rectangle),
  });
  const frame = { place: NOWHERE, part: model.wall, frame: true };
  const eyes = (about.eyes ?? []).filter(
    ([, , , , right, under]) => Math.hypot(gazeRight * right, gazeDown * under) * pixels > UNSEEN_EYES,
  );
  const below = [
    frame,
    // The frame once more, in the cells around an eye.
    ...eyes.map(([x, y, across, down, right, under]) => ({
      ...frame,
      share: 0,
      place: [x - across, y - down, 2 * across, 2 * down],
      gaze: [gazeRight * right, gazeDown * under],
    })),
  ];
  const mark = about.mark.map((rectangle) => ({ mark: true, ...placed(rectangle) }));
  // The mark is there whatever else there is no room for.
  const patches = patchesOf(about, mixed, LAYERS - below.length - mark.length);
  return [...below, ...patches.map(({ pose, share, rectangle }) => ({ pose, share, ...placed(rectangle) })), ...mark];
}

/** A rectangle as its middle and its half axes. */
function middled([left, top, width, height]) {
  return [left + width / 2, top + height / 2, width / 2, height / 2];
}

/** Where in the frame a layer may show: left, top, right, bottom. */
function around({ bounds }, { pose, mark, place: [left, top, width, height] }, weights) {
  const box = [left, top, left + width, top + height];
  if (mark) return box;
  // A place p shows the patch's place q, q + field(q) = p + d(p), or the place p + d(p) of an eye.
  for (const axis of [0, 1]) {
    let [least, most] = pose === undefined ? [0, 0] : [bounds[pose].least[axis], bounds[pose].most[axis]];
    for (const [field, weight] of weights) {
      const [low, high] = [weight * bounds[field].least[axis], weight * bounds[field].most[axis]];
      least -= Math.max(low, high);
      most -= Math.min(low, high);
    }
    box[axis] += least;
    box[axis + 2] += most;
  }
  return box;
}

/** The lines of a mesh between which a part of the frame lies: left, top, right, bottom. */
function cellsOf({ lines }, [left, top, right, bottom]) {
  const before = (place) => Math.max(0, lines.findLastIndex((line) => line <= place));
  const after = (place) => {
    const found = lines.findIndex((line) => line >= place);
    return found < 0 ? lines.length - 1 : found;
  };
  return [before(left), before(top), after(right), after(bottom)];
}

/** The vertices of the cells between lines of a layer, two triangles each. */
function cells({ side }, layer, [left, top, right, bottom]) {
  const vertices = [];
  for (let row = top; row < bottom; row += 1) {
    for (let column = left; column < right; column += 1) {
      const at = (layer * side + row) * side + column;
      vertices.push(at, at + 1, at + side, at + 1, at + side + 1, at + side);
    }
  }
  return vertices;
}
