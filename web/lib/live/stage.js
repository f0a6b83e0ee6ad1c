/** Draws live portraits: one WebGL2 context for all of a page, one draw call a portrait, and one for each patch. */
import { Mesh, mixture, sampled } from "./fields.js";
import { loaded } from "./file.js";
import { patchesOf, rectangles } from "./scene.js";
import { fragmentShader, JOIN_FRAGMENT, JOIN_VERTEX, PATCH_FRAGMENT, PATCH_VERTEX, VERTEX } from "./shaders.js";

// The side of the shared canvas, in pixels, in which portraits are drawn side by side.
const SHEET = 2048;
// Below these sizes, in pixels, every fourth or second place of the fields has a vertex.
const COARSER = [
  [192, 4],
  [320, 2],
];
// A computer that needs longer for a frame, in milliseconds, as it does without a GPU, draws fewer pixels: by this factor
// after so many slow frames, down to the last value.
const SLOW = 36;
const FEWER = 0.8;
const SLOW_FRAMES = 12;
const FEWEST = 0.6;
// From this size relative to the painting on, bicubic interpolation keeps strokes sharp; below, smaller copies are sampled.
const SHARP = 0.75;
// A portrait is drawn again when a place may have moved by this many pixels, or a patch by this share, since it was drawn.
const SEEN = 0.1;
const SEEN_SHARE = 0.02;
// Milliseconds for which a model is kept that no element shows: one that is moved within the page is taken out first.
const KEPT = 2000;
// Rounds in which the place of a patch is found, and how far its cells reach beyond it, as a fraction of the side.
const ROUNDS = 4;
const AROUND = 1 / 64;

/** The WebGL2 context that all portraits share. Throws where there is none. */
export class Stage {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.canvas.width = this.canvas.height = 1;
    const gl = this.canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, powerPreference: "low-power" });
    if (!gl) throw new Error("no WebGL2");
    this.gl = gl;
    this.players = new Set(); // elements that move
    this.showing = new Set(); // elements that show a portrait
    this.models = new Map();
    this.lost = false;
    this.scale = 1; // of what is drawn to the pixels of the screen
    this.slow = 0;
    this.last = null;
    this.running = false;
    this.drawn = 0;
    this.canvas.addEventListener("webglcontextlost", () => this.end());
    this.plain = this.program(VERTEX, fragmentShader(false));
    this.large = this.program(VERTEX, fragmentShader(true));
    this.patch = this.program(PATCH_VERTEX, PATCH_FRAGMENT);
    this.join = this.program(JOIN_VERTEX, JOIN_FRAGMENT);
    this.square = this.drawable(new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), [2], [0, 1, 2, 1, 3, 2]);
    this.cells = this.drawable(null, [2, 2, 2]);
    this.meshes = new Map();
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** The context is gone: every element shows its fallback. A new stage is made when the next portrait starts. */
  end() {
    this.lost = true;
    if (shared === this) shared = null;
    for (const player of [...this.showing]) player.failed(new Error("the WebGL context was lost"), true);
  }

  program(vertex, fragment) {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`shader: ${gl.getProgramInfoLog(program)}`);
    const places = {};
    for (let index = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS) - 1; index >= 0; index -= 1) {
      const { name } = gl.getActiveUniform(program, index);
      places[name.replace("[0]", "")] = gl.getUniformLocation(program, name);
    }
    return { program, places };
  }

  /**
   * What draws triangles: `sizes` are those of the attributes, which lie side by side in `vertices`. Without `vertices` they
   * are uploaded before each drawing; with `indices` the corners are those.
   */
  drawable(vertices, sizes, indices = null) {
    const { gl } = this;
    const array = gl.createVertexArray();
    const buffer = gl.createBuffer();
    gl.bindVertexArray(array);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    if (vertices) gl.bufferData(gl.ARRAY_BUFFER, vertices, gl.STATIC_DRAW);
    const stride = sizes.reduce((sum, size) => sum + size, 0) * Float32Array.BYTES_PER_ELEMENT;
    sizes.reduce((offset, size, index) => {
      gl.enableVertexAttribArray(index);
      gl.vertexAttribPointer(index, size, gl.FLOAT, false, stride, offset);
      return offset + size * Float32Array.BYTES_PER_ELEMENT;
    }, 0);
    if (indices) {
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, Uint16Array.from(indices), gl.STATIC_DRAW);
    }
    return { array, buffer, count: indices?.length };
  }

  /** The mesh for fields of `grid` places a side: a vertex at each of them, or at every second one for small pictures. */
  mesh(grid, every) {
    const key = `${grid}/${every}`;
    if (!this.meshes.has(key)) {
      const { gl } = this;
      const mesh = new Mesh(grid, every);
      const corners = [];
      for (let row = 0; row + 1 < mesh.side; row += 1) {
        for (let column = 0; column + 1 < mesh.side; column += 1) {
          const at = row * mesh.side + column;
          corners.push(at, at + 1, at + mesh.side, at + 1, at + mesh.side + 1, at + mesh.side);
        }
      }
      const drawable = this.drawable(mesh.places, [2], corners);
      const sources = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, sources);
      gl.enableVertexAttribArray(1);
      gl.vertexAttribPointer(1, 2, gl.FLOAT, false, 0, 0);
      this.meshes.set(key, { ...drawable, mesh, sources, moved: new Float32Array(mesh.places.length) });
    }
    return this.meshes.get(key);
  }

  texture() {
    const { gl } = this;
    const target = gl.TEXTURE_2D;
    const texture = gl.createTexture();
    gl.bindTexture(target, texture);
    // Of the smaller copies, `level` chooses one: a renderer without a GPU is faster than with one chosen for each pixel.
    gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    // Where the head moves away from the border of the picture, it is mirrored.
    gl.texParameteri(target, gl.TEXTURE_WRAP_S, gl.MIRRORED_REPEAT);
    gl.texParameteri(target, gl.TEXTURE_WRAP_T, gl.MIRRORED_REPEAT);
    return texture;
  }

  uploaded(bitmap, { mipmaps = false } = {}) {
    const { gl } = this;
    const texture = this.texture();
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
    if (mipmaps) gl.generateMipmap(gl.TEXTURE_2D);
    bitmap.close();
    return texture;
  }

  joined(picture, mask, multiplied) {
    const { gl } = this;
    const { width, height } = picture;
    const [colours, masks] = [this.uploaded(picture), this.uploaded(mask)];
    const texture = this.texture();
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    const buffer = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, buffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
    gl.viewport(0, 0, width, height);
    gl.useProgram(this.join.program);
    this.bind(this.join, [["u_picture", colours], ["u_mask", masks]]);
    gl.uniform1i(this.join.places.u_multiplied, multiplied);
    gl.bindVertexArray(this.square.array);
    gl.drawElements(gl.TRIANGLES, this.square.count, gl.UNSIGNED_SHORT, 0);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.deleteFramebuffer(buffer);
    gl.deleteTexture(colours);
    gl.deleteTexture(masks);
    if (multiplied) {
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.generateMipmap(gl.TEXTURE_2D);
    }
    return texture;
  }

  bind({ places }, textures) {
    const { gl } = this;
    textures.forEach(([name, texture], index) => {
      gl.activeTexture(gl.TEXTURE0 + index);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.uniform1i(places[name], index);
    });
    gl.activeTexture(gl.TEXTURE0 + 7); // what is uploaded next does not replace one of them
  }

  /** The model of `url`, loaded once however many elements show it; `release` gives it back. */
  async acquire(url) {
    let entry = this.models.get(url);
    if (!entry) {
      entry = { users: 0, promise: loaded(url).then((content) => this.model(content)) };
      this.models.set(url, entry);
    }
    entry.users += 1;
    try {
      return await entry.promise;
    } catch (error) {
      this.models.delete(url);
      throw error;
    }
  }

  release(url) {
    const entry = this.models.get(url);
    if (!entry) return;
    entry.users -= 1;
    setTimeout(() => {
      if (entry.users > 0 || this.models.get(url) !== entry) return;
      this.models.delete(url);
      entry.promise.then(({ textures }) => Object.values(textures).forEach((one) => this.gl.deleteTexture(one)), () => {});
    }, KEPT);
  }

  model({ about, fields, painting, matte, wall, patches, masks }) {
    if (this.lost) throw new Error("the WebGL context was lost");
    const textures = {
      person: this.joined(painting, matte, true),
      wall: this.uploaded(wall, { mipmaps: true }),
      atlas: this.joined(patches, masks, false),
    };
    // The longest displacement of each pose, as a fraction of the side.
    const reach = about.poses.map((_, index) => about.step * fields[index].reduce((most, value) => Math.max(most, Math.abs(value)), 0));
    return { about, fields, reach, effects: effectsOf(about, reach), textures, level: 0 };
  }

  /** Sample the smaller copies of the pictures that are nearest in size to `width` pixels. */
  level(model, width) {
    const level = Math.max(0, Math.round(Math.log2(model.about.side / width)));
    if (level === model.level) return;
    model.level = level;
    const { gl } = this;
    for (const texture of [model.textures.person, model.textures.wall]) {
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_BASE_LEVEL, level);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAX_LEVEL, level);
    }
  }

  /** Draw `model` with `amplitudes` into the part of the canvas at `x`, `y` from its lower left corner. */
  draw(model, amplitudes, x, y, width, height) {
    const { gl } = this;
    const { about, fields, textures } = model;
    const mixed = mixture(about, amplitudes);
    const mesh = this.mesh(about.grid, COARSER.find(([side]) => width < side)?.[1] ?? 1);
    mesh.mesh.mix(fields, about.step, mixed.weights, mesh.moved);
    const portrait = width >= SHARP * about.side && this.scale === 1 ? this.large : this.plain;
    this.level(model, width);
    gl.viewport(x, y, width, height);
    gl.useProgram(portrait.program);
    this.bind(portrait, [["u_person", textures.person], ["u_wall", textures.wall]]);
    gl.bindVertexArray(mesh.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, mesh.sources);
    gl.bufferData(gl.ARRAY_BUFFER, mesh.moved, gl.STREAM_DRAW);
    gl.drawElements(gl.TRIANGLES, mesh.count, gl.UNSIGNED_SHORT, 0);
    const patches = patchesOf(about, mixed);
    if (!patches.length && !about.mark.length) return;
    gl.useProgram(this.patch.program);
    this.bind(this.patch, [["u_person", textures.person], ["u_atlas", textures.atlas]]);
    gl.enable(gl.BLEND);
    for (const patch of patches) this.drawPart(patch, patchCells(model, mesh, patch), 0);
    for (const rectangle of about.mark) {
      const part = { share: 1, ...rectangles(about, rectangle) };
      const [left, top, across, down] = part.place;
      const corner = (right, bottom) => [left + right * across, top + bottom * down, 0, 0, right, bottom];
      this.drawPart(part, [[0, 0], [1, 0], [0, 1], [1, 0], [1, 1], [0, 1]].flatMap(([right, bottom]) => corner(right, bottom)), 1);
    }
    gl.disable(gl.BLEND);
  }

  /** Draw a part of the atlas over `vertices`: place, source and place in the part, six numbers each. */
  drawPart({ share, atlas }, vertices, everywhere) {
    if (!vertices.length) return;
    const { gl } = this;
    const { places } = this.patch;
    gl.uniform4fv(places.u_part, atlas);
    gl.uniform1f(places.u_share, share);
    gl.uniform1f(places.u_everywhere, everywhere);
    gl.bindVertexArray(this.cells.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.cells.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, Float32Array.from(vertices), gl.STREAM_DRAW);
    gl.drawArrays(gl.TRIANGLES, 0, vertices.length / 6);
  }

  start(player) {
    this.players.add(player);
    if (this.running) return;
    this.running = true;
    this.last = null;
    requestAnimationFrame((now) => this.frame(now));
  }

  stop(player) {
    this.players.delete(player);
  }

  frame(now) {
    this.running = !this.lost && this.players.size > 0;
    if (!this.running) return;
    requestAnimationFrame((later) => this.frame(later));
    this.drawn += 1;
    this.adapt(now);
    for (const player of this.players) player.advance(now);
    this.show([...this.players].filter(moved));
  }

  adapt(now) {
    this.slow = this.last !== null && now - this.last > SLOW ? this.slow + 1 : 0;
    this.last = now;
    if (this.slow < SLOW_FRAMES || this.scale <= FEWEST) return;
    this.scale = Math.max(FEWEST, this.scale * FEWER);
    this.slow = 0;
    for (const player of this.players) player.resize();
  }

  /** Draw `players` side by side into the shared canvas, and copy each into its own. */
  show(players) {
    let batch = [];
    let [x, y, row] = [0, 0, 0];
    for (const player of players) {
      const { width, height } = player.canvas;
      if (x + width > SHEET) [x, y, row] = [0, y + row, 0];
      if (y + height > SHEET) {
        this.flush(batch);
        batch = [];
        [x, y, row] = [0, 0, 0];
      }
      batch.push({ player, x, y, width, height });
      x += width;
      row = Math.max(row, height);
    }
    this.flush(batch);
  }

  flush(batch) {
    const [right, bottom] = batch.reduce(([r, b], { x, y, width, height }) => [Math.max(r, x + width), Math.max(b, y + height)], [1, 1]);
    if (this.canvas.width < right) this.canvas.width = right;
    if (this.canvas.height < bottom) this.canvas.height = bottom;
    const tall = this.canvas.height;
    for (const { player, x, y, width, height } of batch) {
      this.draw(player.model, player.amplitudes, x, tall - y - height, width, height);
      player.drawn = player.amplitudes;
    }
    for (const { player, x, y, width, height } of batch) {
      player.context.drawImage(this.canvas, x, y, width, height, 0, 0, width, height);
    }
  }
}

/** Of each amplitude, how far it moves a place at most, and whether it shows patches. */
function effectsOf({ poses }, reach) {
  const effects = {};
  poses.forEach(({ name, at, patches }, index) => {
    const names = at ? ["lookRight", "lookDown"] : [name.startsWith("tilt-") ? "tilt" : name];
    for (const one of names) {
      effects[one] ??= { distance: 0, painted: false };
      effects[one].distance = Math.max(effects[one].distance, reach[index]);
      effects[one].painted ||= !at && patches.length > 0;
    }
  });
  return Object.entries(effects);
}

/** Whether a player's amplitudes differ, to be seen, from those that it was drawn with. */
function moved({ model, amplitudes, drawn, canvas }) {
  if (!drawn) return true;
  let distance = 0;
  for (const [name, effect] of model.effects) {
    const change = Math.abs(amplitudes[name] - drawn[name]);
    if (effect.painted && change > SEEN_SHARE) return true;
    distance += change * effect.distance;
  }
  return distance * canvas.width > SEEN;
}

/**
 * The cells of a mesh that may show a patch, as two triangles each. A place of the frame shows the patch's place in the
 * pose's own frame that has the same place in the painting.
 */
function patchCells({ about, fields, reach }, { mesh, moved: sources }, { pose, place: [left, top, across, down] }) {
  const around = reach[pose] + AROUND;
  const near = (vertex) => {
    const [x, y] = [sources[2 * vertex], sources[2 * vertex + 1]];
    return x > left - around && x < left + across + around && y > top - around && y < top + down + around;
  };
  const step = [0, 0];
  const known = new Map();
  const corner = (vertex) => {
    if (!known.has(vertex)) {
      const [x, y] = [sources[2 * vertex], sources[2 * vertex + 1]];
      let own = [x, y];
      for (let round = 0; round < ROUNDS; round += 1) {
        sampled(fields[pose], about.grid, about.step, own[0], own[1], step);
        own = [x - step[0], y - step[1]];
      }
      const inside = [(own[0] - left) / across, (own[1] - top) / down];
      known.set(vertex, [mesh.places[2 * vertex], mesh.places[2 * vertex + 1], x, y, ...inside]);
    }
    return known.get(vertex);
  };
  const vertices = [];
  for (let row = 0; row + 1 < mesh.side; row += 1) {
    for (let column = 0; column + 1 < mesh.side; column += 1) {
      const at = row * mesh.side + column;
      const corners = [at, at + 1, at + mesh.side, at + mesh.side + 1];
      if (!corners.some(near)) continue;
      for (const index of [0, 1, 2, 1, 3, 2]) vertices.push(...corner(corners[index]));
    }
  }
  return vertices;
}

let shared = null;
let unavailable = null;

/** The stage of this page. Throws where there is no WebGL2. */
export function theStage() {
  if (unavailable) throw unavailable;
  try {
    shared ??= new Stage();
  } catch (error) {
    unavailable = error;
    throw error;
  }
  return shared;
}
