/**
 * Draws one portrait in one call. The call has a mesh over the whole frame, and after it the cells of the same mesh in
 * which a patch or the AI mark may show, each such part in a layer of its own.
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
// Rounds in which the place of a patch is found.
const ROUNDS = 4;

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
    const layers = layersOf(model, mixed).slice(0, LAYERS);
    const count = this.indexed(model, mesh, layers.slice(1), strongest);
    const { program: shader, places } = sharp && side >= SHARP * about.side ? this.large : this.plain;
    model.shrink(side);
    strongest.forEach(([field, weight], index) => this.weights.set([field, weight * about.step], 2 * index));
    layers.forEach(({ pose, place, part, share, base }, index) => {
      this.places.set(place, 4 * index);
      this.parts.set(part, 4 * index);
      this.layers.set([pose ?? -1, share, base ? 1 : 0, pose === undefined ? 1 : 0], 4 * index);
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

/** What is drawn, from below: the person before the wall, the patches that show, the AI mark. */
function layersOf(model, mixed) {
  const { about } = model;
  const { side } = about;
  const placed = (rectangle) => ({
    place: rectangle.slice(0, 4).map((value) => value / side),
    part: model.parts.get(rectangle),
  });
  return [
    { place: [0, 0, 1, 1], part: model.wall, share: 1, base: true },
    // The mark is there whatever else there is no room for.
    ...patchesOf(about, mixed, LAYERS - 1 - about.mark.length).map(({ pose, share, rectangle }) => ({ pose, share, ...placed(rectangle) })),
    ...about.mark.map((rectangle) => ({ share: 1, ...placed(rectangle) })),
  ];
}

/** Where in the frame a layer may show: left, top, right, bottom. */
function around({ bounds }, { pose, place: [left, top, width, height] }, weights) {
  const box = [left, top, left + width, top + height];
  if (pose === undefined) return box;
  // A place p shows the patch's place q, q + field(q) = p + d(p): it is at most field - d away.
  for (const axis of [0, 1]) {
    let [least, most] = [bounds[pose].least[axis], bounds[pose].most[axis]];
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
