/** What every user of a WebGL2 context does: programs and textures. */

/** Compiled and linked, with the places of its uniforms. Throws what the compiler says. */
export function program(gl, vertex, fragment) {
  const linked = gl.createProgram();
  for (const [kind, text] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(linked, shader);
  }
  gl.linkProgram(linked);
  if (!gl.getProgramParameter(linked, gl.LINK_STATUS)) throw new Error(`shader: ${gl.getProgramInfoLog(linked)}`);
  const places = {};
  for (let index = gl.getProgramParameter(linked, gl.ACTIVE_UNIFORMS) - 1; index >= 0; index -= 1) {
    const { name } = gl.getActiveUniform(linked, index);
    places[name.replace("[0]", "")] = gl.getUniformLocation(linked, name);
  }
  return { program: linked, places };
}

/** A new texture, bound, that interpolates within one of its levels. `wrap`: what is beyond its border. */
export function texture(gl, target, wrap) {
  const made = gl.createTexture();
  gl.bindTexture(target, made);
  // Of the smaller copies one is chosen for the portrait: a renderer without a GPU is slower with one chosen for each pixel.
  gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
  gl.texParameteri(target, gl.TEXTURE_WRAP_S, wrap);
  gl.texParameteri(target, gl.TEXTURE_WRAP_T, wrap);
  return made;
}

/** A picture as a texture; it is closed. */
export function uploaded(gl, bitmap) {
  const made = texture(gl, gl.TEXTURE_2D, gl.CLAMP_TO_EDGE);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
  bitmap.close();
  return made;
}

/** Bind textures, `[name of the sampler, target, texture]`, to a program in use. */
export function bind(gl, { places }, textures) {
  textures.forEach(([name, target, one], index) => {
    gl.activeTexture(gl.TEXTURE0 + index);
    gl.bindTexture(target, one);
    gl.uniform1i(places[name], index);
  });
  gl.activeTexture(gl.TEXTURE0 + 7); // what is uploaded next does not replace one of them
}
