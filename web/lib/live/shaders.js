/** The shaders of a live portrait. They mix the displacement fields as `portrait/engine/live/fields.py` does. */

// The most fields that are mixed; the most of them, and the most patches, that are painted at a time.
export const FIELDS = 24;
export const SLOTS = 4;
export const PATCHES = 24;

// What shows no patch, as most frames do, is drawn by shaders without them, which are faster.
const version = (patched) => `#version 300 es\n${patched ? "#define PATCHED\n" : ""}`;

export const vertexShader = (patched) => `${version(patched)}
precision highp float;
precision highp int;
precision highp sampler2DArray;
layout(location = 0) in vec2 a_place;  // of the frame, 0..1, downwards
uniform sampler2DArray u_fields;
uniform int u_pose[${FIELDS}];
uniform float u_share[${FIELDS}];
uniform int u_end[4];      // of each stage, in the two lists above
out vec2 v_place;
out vec2 v_source;
#ifdef PATCHED
uniform int u_slots;
uniform ivec2 u_slot[${SLOTS}];  // the pose, and whether it is of the last stage
out vec2 v_patch[${SLOTS}];  // the place in the frame of the slot's pose
#endif

vec2 field(int pose, vec2 at) { return textureLod(u_fields, vec3(at, float(pose)), 0.0).xy; }

vec2 moved(int begin, int end, vec2 at) {
  vec2 sum = vec2(0.0);
  for (int i = begin; i < end; i++) sum += u_share[i] * field(u_pose[i], at);
  return sum;
}

// The same where nothing has moved yet: vertices lie at places of the fields, so that nothing is interpolated.
vec2 movedFirst(int end) {
  int last = textureSize(u_fields, 0).x - 1;
  ivec2 place = clamp(ivec2(a_place * float(last + 1)), 0, last);
  vec2 sum = vec2(0.0);
  for (int i = 0; i < end; i++) sum += u_share[i] * texelFetch(u_fields, ivec3(place, u_pose[i]), 0).xy;
  return sum;
}

void main() {
  vec2 total = vec2(0.0), head = vec2(0.0);
  int begin = 0;
  for (int stage = 0; stage < 4; stage++) {
    if (stage == 3) head = total;
    int end = u_end[stage];
    if (end > begin) total += begin == 0 ? movedFirst(end) : moved(begin, end, a_place + total);
    begin = end;
  }
  v_place = a_place;
  v_source = a_place + total;
#ifdef PATCHED
  for (int i = 0; i < ${SLOTS}; i++) {
    v_patch[i] = vec2(-1.0);
    if (i >= u_slots) continue;
    vec2 target = a_place + (u_slot[i].y == 1 ? total : head);
    vec2 own = target;
    for (int round = 0; round < 4; round++) own = target - field(u_slot[i].x, own);
    v_patch[i] = own;
  }
#endif
  gl_Position = vec4(a_place.x * 2.0 - 1.0, 1.0 - a_place.y * 2.0, 0.0, 1.0);
}`;

export const fragmentShader = (patched) => `${version(patched)}
precision highp float;
precision highp int;
uniform sampler2D u_person;  // colours multiplied by alpha
uniform sampler2D u_wall;
uniform sampler2D u_atlas;
uniform bool u_sharp;
uniform float u_level;  // of the smaller copies, the one nearest in size to what is drawn
uniform vec4 u_mark;       // left, top, width, height of the AI mark in the frame
uniform vec4 u_markAtlas;  // the same in the atlas
#ifdef PATCHED
uniform int u_patches;
uniform int u_patchSlot[${PATCHES}];
uniform float u_patchShare[${PATCHES}];
uniform vec4 u_patchPlace[${PATCHES}];  // as of the mark
uniform vec4 u_patchAtlas[${PATCHES}];
in vec2 v_patch[${SLOTS}];
#endif
in vec2 v_place;
in vec2 v_source;
out vec4 colour;

bool outside(vec2 share) { return any(lessThan(share, vec2(0.0))) || any(greaterThan(share, vec2(1.0))); }

// Catmull-Rom interpolation by nine bilinear samples.
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
}

void main() {
  vec4 person = u_sharp ? sharp(u_person, v_source) : textureLod(u_person, v_source, u_level);
  if (person.a < 4.0 / 255.0) person = vec4(0.0);
  vec3 shown = min(person.rgb, person.a);
  if (person.a < 1.0) shown += (1.0 - person.a) * textureLod(u_wall, v_place, u_level).rgb;
#ifdef PATCHED
  vec4 painted = vec4(0.0);
  for (int i = 0; i < u_patches; i++) {
    vec2 inside = (v_patch[u_patchSlot[i]] - u_patchPlace[i].xy) / u_patchPlace[i].zw;
    if (outside(inside)) continue;
    vec4 patchColour = textureLod(u_atlas, u_patchAtlas[i].xy + inside * u_patchAtlas[i].zw, 0.0);
    painted += vec4(patchColour.rgb, 1.0) * patchColour.a * u_patchShare[i];
  }
  shown = mix(shown, painted.rgb / max(painted.a, 1e-4), min(painted.a, 1.0) * person.a);
#endif
  vec2 inside = (v_place - u_mark.xy) / u_mark.zw;
  if (!outside(inside)) {
    vec4 mark = textureLod(u_atlas, u_markAtlas.xy + inside * u_markAtlas.zw, 0.0);
    shown = mix(shown, mark.rgb, mark.a);
  }
  colour = vec4(shown, 1.0);
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
