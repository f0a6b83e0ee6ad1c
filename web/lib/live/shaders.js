/**
 * The shaders of a live portrait.
 *
 * A renderer without a GPU computes both sides of every condition, for each pixel. So there are no conditions: what is
 * large has a shader with bicubic interpolation, and the pixels of all layers take the same steps.
 */

// The most fields that are blended at a time, and the most layers, the frame itself among them: the vertices of all are
// numbered in 16 bits.
export const WEIGHTS = 96;
export const LAYERS = 15;
// The part of the ellipse around an eye, squared, in which everything moves as the middle does.
const STIFF = 0.1;

// A vertex of the frame finds its place in the painting by the blended fields. One of a patch finds, beyond that, the
// place in the pose's own frame that has the same place in the painting.
export const vertexShader = () => `#version 300 es
precision highp float;
precision highp int;
layout(location = 0) in vec4 a_vertex;  // column and row of the mesh, layer
uniform highp sampler2DArray u_fields;  // in steps
uniform float u_grid;
uniform float u_step;
uniform vec2 u_mesh;  // every how many places of the fields there is a vertex; the last line
uniform int u_count;
uniform int u_rounds;
uniform vec2 u_weights[${WEIGHTS}];  // of the fields: index, weight in steps
uniform vec4 u_places[${LAYERS}];  // of the layers: middle and half axes of the patch in the frame, or of the eye in the painting
uniform vec4 u_parts[${LAYERS}];  // middle and half axes in the sheet
uniform vec4 u_layers[${LAYERS}];  // share, 0 for an eye; 1 for the frame itself; for the frame how far the eye moves, else 1 for the mark
uniform float u_poses[${LAYERS}];  // pose of a patch, else -1
out vec4 v_at;
out vec2 v_local;
flat out vec4 v_layer;
void main() {
  vec2 cell = clamp(a_vertex.xy - 1.0, 0.0, u_mesh.y - 2.0) * u_mesh.x;
  vec2 place = (cell + 0.5) / u_grid;
  place = mix(place * step(0.5, a_vertex.xy), vec2(1.0), step(u_mesh.y - 0.5, a_vertex.xy));
  vec2 source = place;
  for (int index = 0; index < u_count; index += 1) {
    source += u_weights[index].y * texelFetch(u_fields, ivec3(cell, u_weights[index].x), 0).rg;
  }
  int number = int(a_vertex.z);
  vec4 layer = u_layers[number];
  float pose = u_poses[number];
  vec2 own = source;
  int rounds = pose < 0.0 ? 0 : u_rounds;
  for (int round = 0; round < rounds; round += 1) {
    own = source - u_step * texture(u_fields, vec3(own, pose)).rg;
  }
  // An eye lies in the painting, a patch in the pose's frame, the mark in the frame.
  own = mix(own, place, (1.0 - layer.y) * layer.z);
  v_local = (own - u_places[number].xy) / u_places[number].zw;
  // What is behind the person lies in the frame, too.
  v_at = vec4(source, u_parts[number].xy + mix(v_local, 2.0 * place - 1.0, layer.y) * u_parts[number].zw);
  v_layer = layer;
  gl_Position = vec4(place.x * 2.0 - 1.0, 1.0 - place.y * 2.0, 0.0, 1.0);
}`;

export const fragmentShader = (large) => `#version 300 es
precision highp float;
uniform sampler2D u_person;  // colours multiplied by alpha
uniform sampler2D u_sheet;  // wall and patches, too
in vec4 v_at;  // the place in the painting, and that in the sheet
in vec2 v_local;  // from the middle of the patch or the eye, in half axes
flat in vec4 v_layer;
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
  float share = v_layer.x, frame = v_layer.y, mark = v_layer.z;
  float away = dot(v_local, v_local);
  vec2 at = v_at.xy - frame * v_layer.zw * (1.0 - smoothstep(${STIFF}, 1.0, away));
  vec4 person = ${large ? "sharp(u_person, at)" : "texture(u_person, at)"};
  // Interpolation leaves faint traces around a matte.
  person *= step(4.0 / 255.0, person.a);
  vec4 part = texture(u_sheet, v_at.zw);
  vec2 inside = step(abs(v_local), vec2(1.0));
  // Behind the person is the wall. A patch shows where the person is; the mark shows everywhere.
  float weight = mix(share * max(mark, person.a) * inside.x * inside.y, 1.0 - person.a, frame);
  colour = vec4(min(person.rgb, person.a) * frame + part.rgb * weight, mix(part.a * weight, 1.0, frame));
  // A layer of an eye covers nothing beyond it.
  colour *= max(share, frame * step(away, 1.0) + 1.0 - frame);
}`;

// Multiplies a picture by its mask.
export const JOIN_VERTEX = `#version 300 es
layout(location = 0) in vec2 a_place;
uniform vec4 u_from;  // of the picture: left, top, width and height
out vec2 v_place;
void main() { v_place = u_from.xy + a_place * u_from.zw; gl_Position = vec4(a_place * 2.0 - 1.0, 0.0, 1.0); }`;
export const JOIN_FRAGMENT = `#version 300 es
precision highp float;
uniform sampler2D u_picture;
uniform sampler2D u_mask;
in vec2 v_place;
out vec4 colour;
void main() {
  float mask = texture(u_mask, v_place).r;
  colour = vec4(texture(u_picture, v_place).rgb * mask, mask);
}`;
