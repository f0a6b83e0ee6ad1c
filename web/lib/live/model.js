/** A live portrait in the memory of the graphics processor: two pictures and the displacement fields. */
import { bind, program, texture, uploaded } from "./gl.js";
import { JOIN_FRAGMENT, JOIN_VERTEX } from "./shaders.js";

// Transparent pixels between two parts of the sheet. A pixel of a copy of an 8th of the size has those of 8, and two are interpolated.
const GAP = 16;

/** Joins pictures with their masks. */
export class Joiner {
  constructor(gl) {
    this.gl = gl;
    this.join = program(gl, JOIN_VERTEX, JOIN_FRAGMENT);
    this.white = texture(gl, gl.TEXTURE_2D, gl.CLAMP_TO_EDGE);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 1, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4).fill(255));
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
  }

  /**
   * A texture of `width` x `height` with smaller copies, in which each colour is multiplied by its mask. `pictures`:
   * `{picture, mask, parts}`, with parts of `{from, to}`, each left, top, width and height in pixels; beyond its border a
   * picture repeats it.
   */
  joined(width, height, wrap, pictures) {
    const { gl, join } = this;
    const whole = texture(gl, gl.TEXTURE_2D, wrap);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    const buffer = gl.createFramebuffer();
    gl.bindFramebuffer(gl.FRAMEBUFFER, buffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, whole, 0);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.disable(gl.BLEND);
    gl.useProgram(join.program);
    gl.bindVertexArray(this.array);
    for (const { picture, mask, parts } of pictures) {
      const size = [picture.width, picture.height];
      const [colours, masks] = [uploaded(gl, picture), mask && uploaded(gl, mask)];
      bind(gl, join, [
        ["u_picture", gl.TEXTURE_2D, colours],
        ["u_mask", gl.TEXTURE_2D, masks ?? this.white],
      ]);
      for (const { from, to } of parts) {
        gl.uniform4fv(join.places.u_from, from.map((value, index) => value / size[index % 2]));
        gl.viewport(...to);
        gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
      }
      gl.deleteTexture(colours);
      if (masks) gl.deleteTexture(masks);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.deleteFramebuffer(buffer);
    gl.bindTexture(gl.TEXTURE_2D, whole);
    gl.generateMipmap(gl.TEXTURE_2D);
    return whole;
  }
}

export class Model {
  /** `file`: what `file.js` has read; its pictures are closed. */
  constructor(gl, joiner, { about, fields, painting, matte, wall, patches, masks }) {
    this.gl = gl;
    this.about = about;
    const { side, grid } = about;
    const frame = [0, 0, side, side];
    // Where the head moves away from the border of the picture, it is mirrored.
    this.person = joiner.joined(side, side, gl.MIRRORED_REPEAT, [
      { picture: painting, mask: matte, parts: [{ from: frame, to: frame }] },
    ]);
    // The wall and the patches are one texture, so that every pixel needs two and no condition.
    const rectangles = [...about.poses.flatMap((pose) => pose.patches), ...about.mark];
    const placed = packed(rectangles, side + 2 * GAP, side);
    const [width, height] = [side, Math.ceil(placed.bottom / GAP) * GAP];
    // Around the wall its border goes on, for the pixels that are interpolated there.
    const around = [0, 0, side, side + GAP];
    this.sheet = joiner.joined(width, height, gl.CLAMP_TO_EDGE, [
      { picture: wall, mask: null, parts: [{ from: around, to: around }] },
      {
        picture: patches,
        mask: masks,
        parts: rectangles.map(([, , across, down, x, y], index) => ({
          from: [x, y, across, down],
          to: [...placed.corners[index], across, down],
        })),
      },
    ]);
    const inSheet = ([left, top, across, down]) => [left / width, top / height, across / width, down / height];
    this.wall = inSheet(frame);
    this.parts = new Map(
      rectangles.map((rectangle, index) => [rectangle, inSheet([...placed.corners[index], rectangle[2], rectangle[3]])]),
    );
    this.fields = texture(gl, gl.TEXTURE_2D_ARRAY, gl.CLAMP_TO_EDGE);
    const values = new Float32Array(fields.length * 2 * grid * grid);
    fields.forEach((field, index) => values.set(field, index * 2 * grid * grid));
    // Half floats are exact for whole numbers to 2048, which are half of the side.
    gl.texImage3D(gl.TEXTURE_2D_ARRAY, 0, gl.RG16F, grid, grid, fields.length, 0, gl.RG, gl.FLOAT, values);
    this.bounds = fields.map((field) => boundsOf(field, about.step));
    this.effects = effectsOf(about, this.bounds);
    this.level = 0;
    this.indices = new Map(); // of drawing.js
  }

  /** Sample the smaller copies of the pictures that are nearest in size to `width` pixels. */
  shrink(width) {
    const level = Math.max(0, Math.round(Math.log2(this.about.side / width)));
    if (level === this.level) return;
    this.level = level;
    const { gl } = this;
    for (const one of [this.person, this.sheet]) {
      gl.bindTexture(gl.TEXTURE_2D, one);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_BASE_LEVEL, level);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAX_LEVEL, level);
    }
  }

  dispose() {
    const { gl } = this;
    for (const one of [this.person, this.sheet, this.fields]) gl.deleteTexture(one);
    for (const { array, buffer } of this.indices.values()) {
      gl.deleteVertexArray(array);
      gl.deleteBuffer(buffer);
    }
  }
}

/** Corners for rectangles in rows below `top`, so far apart that also smaller copies do not mix them; `bottom`: of all. */
function packed(rectangles, top, width) {
  const corners = [];
  let [x, y, row] = [0, top, 0];
  const order = rectangles.map((_, index) => index).sort((one, other) => rectangles[other][3] - rectangles[one][3]);
  for (const index of order) {
    const [, , across, down] = rectangles[index];
    if (x + across > width) [x, y, row] = [0, y + row + GAP, 0];
    corners[index] = [x, y];
    x += across + GAP;
    row = Math.max(row, down);
  }
  return { corners, bottom: y + row };
}

/** The least and the largest displacement of a field, x and y, and the farthest of any, as fractions of the side. */
function boundsOf(field, step) {
  const [least, most] = [
    [0, 0],
    [0, 0],
  ];
  field.forEach((value, index) => {
    const axis = index % 2;
    least[axis] = Math.min(least[axis], value * step);
    most[axis] = Math.max(most[axis], value * step);
  });
  return { least, most, farthest: Math.max(...most, ...least.map(Math.abs)) };
}

/** Of each amplitude, how far it moves a place at most, whether it shows patches, and whether it moves the eyes alone. */
function effectsOf({ poses, eyes = [] }, bounds) {
  const farthest = (index) => Math.max(0, ...eyes.map((eye) => eye[index]));
  const effects = {
    gazeRight: { distance: farthest(4), painted: false, eyes: true },
    gazeDown: { distance: farthest(5), painted: false, eyes: true },
  };
  poses.forEach(({ name, at, patches }, index) => {
    const names = at ? ["lookRight", "lookDown"] : [name.startsWith("tilt-") ? "tilt" : name];
    for (const one of names) {
      effects[one] ??= { distance: 0, painted: false, eyes: false };
      effects[one].distance = Math.max(effects[one].distance, bounds[index].farthest);
      effects[one].painted ||= !at && patches.length > 0;
    }
  });
  return Object.entries(effects);
}
