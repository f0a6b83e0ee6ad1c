/** Plays live portraits: one WebGL2 context for all of a page, and which portraits are drawn when. */
import { Drawing } from "./drawing.js";
import { loaded } from "./file.js";
import { Joiner, Model } from "./model.js";

// The side of the shared canvas, in pixels, in which portraits are drawn side by side.
const SHEET = 2048;
// A computer that needs longer for a frame, in milliseconds, as it does without a GPU, draws fewer pixels: by this factor
// after so many slow frames, down to the last value.
const SLOW = 36;
const FEWER = 0.8;
const SLOW_FRAMES = 12;
const FEWEST = 0.6;
// A portrait is drawn again when a place may have moved by this many pixels, or a patch by this share, since it was drawn.
const SEEN = 0.1;
const SEEN_SHARE = 0.02;
// Or an eye by this many: it jumps, and rests until it jumps again.
const SEEN_EYES = 0.3;
// Milliseconds for which a model is kept that no element shows: one that is moved within the page is taken out first.
const KEPT = 2000;

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
    this.drawing = new Drawing(gl);
    this.joiner = new Joiner(gl);
  }

  /** The context is gone: every element shows its fallback. A new stage is made when the next portrait starts. */
  end() {
    this.lost = true;
    if (shared === this) shared = null;
    for (const player of [...this.showing]) player.failed(new Error("the WebGL context was lost"), true);
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
      entry.promise.then((model) => model.dispose(), () => {});
    }, KEPT);
  }

  model(content) {
    if (this.lost) throw new Error("the WebGL context was lost");
    return new Model(this.gl, this.joiner, content);
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
      this.drawing.draw(player.model, player.amplitudes, x, tall - y - height, width, { sharp: this.scale === 1 });
      player.drawn = player.amplitudes;
    }
    for (const { player, x, y, width, height } of batch) {
      player.context.drawImage(this.canvas, x, y, width, height, 0, 0, width, height);
    }
  }
}

/** Whether a player's amplitudes differ, to be seen, from those that it was drawn with. */
function moved({ model, amplitudes, drawn, canvas }) {
  if (!drawn) return true;
  let distance = 0;
  for (const [name, effect] of model.effects) {
    const change = Math.abs(amplitudes[name] - drawn[name]);
    if (effect.painted && change > SEEN_SHARE) return true;
    if (effect.eyes && change * effect.distance * canvas.width > SEEN_EYES) return true;
    if (!effect.eyes) distance += change * effect.distance;
  }
  return distance * canvas.width > SEEN;
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
