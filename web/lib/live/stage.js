/** Draws live portraits: one WebGL2 context for all of a page, one draw call a portrait. */
import { loaded } from "./file.js";
import { sceneOf } from "./scene.js";
import { fragmentShader, JOIN_FRAGMENT, JOIN_VERTEX, vertexShader } from "./shaders.js";

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
    this.plain = this.program(vertexShader(false), fragmentShader(false));
    this.patched = this.program(vertexShader(true), fragmentShader(true));
    this.join = this.program(JOIN_VERTEX, JOIN_FRAGMENT);
    this.square = this.grid([0, 1]);
    this.meshes = new Map();
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

  /** A mesh over the square whose rows and columns of vertices lie at `lines`. */
  grid(lines) {
    const { gl } = this;
    const count = lines.length;
    const places = new Float32Array(lines.flatMap((y) => lines.flatMap((x) => [x, y])));
    const corners = [];
    for (let row = 0; row + 1 < count; row += 1) {
      for (let column = 0; column + 1 < count; column += 1) {
        const at = row * count + column;
        corners.push(at, at + 1, at + count, at + 1, at + count + 1, at + count);
      }
    }
    const array = gl.createVertexArray();
    gl.bindVertexArray(array);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, places, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, new Uint16Array(corners), gl.STATIC_DRAW);
    return { array, count: corners.length };
  }

  /** The mesh for fields of `side`: a vertex at each of their places, or at every second one for small pictures. */
  mesh(side, every) {
    const key = `${side}/${every}`;
    if (!this.meshes.has(key)) {
      const inner = Array.from({ length: side / every }, (_, index) => (index * every + 0.5) / side);
      this.meshes.set(key, this.grid([0, ...inner, 1]));
    }
    return this.meshes.get(key);
  }

  texture(target, { mipmaps = false } = {}) {
    const { gl } = this;
    const texture = gl.createTexture();
    gl.bindTexture(target, texture);
    gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, mipmaps ? gl.LINEAR_MIPMAP_NEAREST : gl.LINEAR);
    gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    // Where the head moves away from the border of the picture, it is mirrored.
    gl.texParameteri(target, gl.TEXTURE_WRAP_S, gl.MIRRORED_REPEAT);
    gl.texParameteri(target, gl.TEXTURE_WRAP_T, gl.MIRRORED_REPEAT);
    return texture;
  }

  uploaded(bitmap, options) {
    const { gl } = this;
    const texture = this.texture(gl.TEXTURE_2D, options);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
    if (options?.mipmaps) gl.generateMipmap(gl.TEXTURE_2D);
    bitmap.close();
    return texture;
  }

  joined(picture, mask, multiplied) {
    const { gl } = this;
    const { width, height } = picture;
    const [colours, masks] = [this.uploaded(picture), this.uploaded(mask)];
    const texture = this.texture(gl.TEXTURE_2D, { mipmaps: multiplied });
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

  bind({ places }, textures, target = this.gl.TEXTURE_2D, first = 0) {
    const { gl } = this;
    textures.forEach(([name, texture], index) => {
      gl.activeTexture(gl.TEXTURE0 + first + index);
      gl.bindTexture(target, texture);
      gl.uniform1i(places[name], first + index);
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
    if (entry.users > 0) return;
    this.models.delete(url);
    entry.promise.then(({ textures }) => Object.values(textures).forEach((one) => this.gl.deleteTexture(one)), () => {});
  }

  model({ about, fields, painting, matte, wall, patches, masks }) {
    const { gl } = this;
    if (this.lost) throw new Error("the WebGL context was lost");
    const { grid } = about;
    const count = fields.length / (4 * grid * grid);
    // From planes to pairs: x and y of a place beside each other.
    const planes = new Uint16Array(fields.buffer, fields.byteOffset, count * 2 * grid * grid);
    const pairs = new Uint16Array(planes.length);
    for (let pose = 0, at = 0; pose < count; pose += 1) {
      const begin = pose * 2 * grid * grid;
      for (let place = 0; place < grid * grid; place += 1) {
        pairs[at++] = planes[begin + place];
        pairs[at++] = planes[begin + grid * grid + place];
      }
    }
    const texture = this.texture(gl.TEXTURE_2D_ARRAY);
    gl.texImage3D(gl.TEXTURE_2D_ARRAY, 0, gl.RG16F, grid, grid, count, 0, gl.RG, gl.HALF_FLOAT, pairs);
    const textures = {
      fields: texture,
      person: this.joined(painting, matte, true),
      wall: this.uploaded(wall, { mipmaps: true }),
      atlas: this.joined(patches, masks, false),
    };
    return { about, textures };
  }

  /** Draw `model` with `amplitudes` into the part of the canvas at `x`, `y` from its lower left corner. */
  draw({ about, textures }, amplitudes, x, y, width, height) {
    const { gl } = this;
    const scene = sceneOf(about, amplitudes);
    const portrait = scene.slots.length ? this.patched : this.plain;
    const { places } = portrait;
    gl.viewport(x, y, width, height);
    gl.useProgram(portrait.program);
    this.bind(portrait, [["u_person", textures.person], ["u_wall", textures.wall], ["u_atlas", textures.atlas]]);
    this.bind(portrait, [["u_fields", textures.fields]], gl.TEXTURE_2D_ARRAY, 3);
    gl.uniform1i(places.u_sharp, width >= SHARP * about.side);
    gl.uniform1f(places.u_level, Math.max(0, Math.log2(about.side / width)));
    gl.uniform1iv(places.u_end, scene.ends);
    gl.uniform4fv(places.u_mark, scene.mark.place);
    gl.uniform4fv(places.u_markAtlas, scene.mark.atlas);
    if (scene.fields.length) {
      gl.uniform1iv(places.u_pose, scene.fields);
      gl.uniform1fv(places.u_share, scene.shares);
    }
    if (scene.slots.length) {
      gl.uniform1i(places.u_slots, scene.slots.length / 2);
      gl.uniform2iv(places.u_slot, scene.slots);
      gl.uniform1i(places.u_patches, scene.patchSlots.length);
      gl.uniform1iv(places.u_patchSlot, scene.patchSlots);
      gl.uniform1fv(places.u_patchShare, scene.patchShares);
      gl.uniform4fv(places.u_patchPlace, scene.patchPlaces);
      gl.uniform4fv(places.u_patchAtlas, scene.patchAtlas);
    }
    const mesh = this.mesh(about.grid, COARSER.find(([side]) => width < side)?.[1] ?? 1);
    gl.bindVertexArray(mesh.array);
    gl.drawElements(gl.TRIANGLES, mesh.count, gl.UNSIGNED_SHORT, 0);
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
    this.show([...this.players]);
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
    }
    for (const { player, x, y, width, height } of batch) {
      player.context.drawImage(this.canvas, x, y, width, height, 0, 0, width, height);
    }
  }
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
