/**
 * The shaders of a live portrait. Places in the painting are computed before (`fields.js`), for each vertex.
 *
 * A renderer without a GPU computes both sides of every condition, for each pixel. So there are no conditions: what is
 * large has a shader with bicubic interpolation, and patches and the AI mark are drawn afterwards, over their parts only.
 */

export const VERTEX = `#version 300 es
precision highp float;
layout(location = 0) in vec2 a_place;  // of the frame, 0..1, downwards
layout(location = 1) in vec2 a_source;  // of the painting
out vec2 v_place;
out vec2 v_source;
void main() {
  v_place = a_place;
  v_source = a_source;
  gl_Position = vec4(a_place.x * 2.0 - 1.0, 1.0 - a_place.y * 2.0, 0.0, 1.0);
}`;

export const fragmentShader = (large) => `#version 300 es
precision highp float;
uniform sampler2D u_person;  // colours multiplied by alpha
uniform sampler2D u_wall;
in vec2 v_place;
in vec2 v_source;
out vec4 colour;

${
  large
    ? `// Catmull-Rom interpolation by nine bilinear samples.
vec4 sharp(sampler2D picture, vec2 at) {
  vec2 size = vec2(textureSize(picture, 0));
  vec2 place = at * size, centre = floor(place - 0.5) + 0.5, f = place - centre;
  vec2 w0 = f * (-0.5 + f * (1.0 - 0.5 * f)), w1 = 1.0 + f * f * (-2.5 + 1.5 * f);
  vec2 w2 = f * (0.5 + f * (2.0 - 1.5 * f)), w3 = f * f * (-0.5 + 0.5 * f);
  vec2 w12 = w1 + w2;
  vec2 t0 = (centre - 1.0) / size, t3 = (centre + 2.0) / size, t12 = (centre + w2 / w12) / size;
  vec4 sum = textureLod(picture, vec2(t12.x, t12.y), 0.0) * w12.x * w12.y;
  sum += textureLod(picture, vec2(t0.x, t12.y), 0.0) * w0.x * w12.y + textureLod(picture, vec2(t3.x, t12.y), 0.0) * w3.x * w12.y;
  sum += textureLod(picture, vec2(t12.x, t0.y), 0.0) * w12.x * w0.y + textureLod(picture, vec2(t12.x, t3.y), 0.0) * w12.x * w3.y;
  sum += textureLod(picture, vec2(t0.x, t0.y), 0.0) * w0.x * w0.y + textureLod(picture, vec2(t3.x, t0.y), 0.0) * w3.x * w0.y;
  sum += textureLod(picture, vec2(t0.x, t3.y), 0.0) * w0.x * w3.y + textureLod(picture, vec2(t3.x, t3.y), 0.0) * w3.x * w3.y;
  return clamp(sum, 0.0, 1.0);
}`
    : ""
}

void main() {
  vec4 person = ${large ? "sharp(u_person, v_source)" : "texture(u_person, v_source)"};
  // Interpolation leaves faint traces around a matte.
  person *= step(4.0 / 255.0, person.a);
  colour = vec4(min(person.rgb, person.a) + (1.0 - person.a) * texture(u_wall, v_place).rgb, 1.0);
}`;

// A patch, where the person is, or the AI mark, everywhere.
export const PATCH_VERTEX = `#version 300 es
precision highp float;
layout(location = 0) in vec2 a_place;
layout(location = 1) in vec2 a_source;
layout(location = 2) in vec2 a_inside;  // of the patch, 0..1
out vec2 v_source;
out vec2 v_inside;
void main() {
  v_source = a_source;
  v_inside = a_inside;
  gl_Position = vec4(a_place.x * 2.0 - 1.0, 1.0 - a_place.y * 2.0, 0.0, 1.0);
}`;
export const PATCH_FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D u_person;
uniform sampler2D u_atlas;
uniform vec4 u_part;  // left, top, width and height in the atlas
uniform float u_share;
uniform float u_everywhere;  // 1 for the mark
in vec2 v_source;
in vec2 v_inside;
out vec4 colour;
void main() {
  vec4 patch_ = texture(u_atlas, u_part.xy + clamp(v_inside, 0.0, 1.0) * u_part.zw);
  vec2 inside = step(vec2(0.0), v_inside) * step(v_inside, vec2(1.0));
  float person = max(u_everywhere, texture(u_person, v_source).a);
  colour = vec4(patch_.rgb, patch_.a * u_share * person * inside.x * inside.y);
}`;

// Joins a picture and its mask in one texture.
export const JOIN_VERTEX = `#version 300 es
layout(location = 0) in vec2 a_place;
out vec2 v_place;
void main() { v_place = a_place; gl_Position = vec4(a_place * 2.0 - 1.0, 0.0, 1.0); }`;
export const JOIN_FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D u_picture;
uniform sampler2D u_mask;
uniform bool u_multiplied;
in vec2 v_place;
out vec4 colour;
void main() {
  float mask = texture(u_mask, v_place).r;
  colour = vec4(texture(u_picture, v_place).rgb * (u_multiplied ? mask : 1.0), mask);
}`;
