/** Where the visitor is: the pointer, the tilt of a phone, and a wave of the pointer. */
import { clamped } from "./behaviour.js";

// Degrees of tilt from the position in which the phone was first held, up to the furthest look.
const TILT = 22;
// A wave: this many turns of the pointer within so many milliseconds, each at least so many pixels wide.
const TURNS = 3;
const WAVE_TIME = 1100;
const WAVE_WIDTH = 50;

const listeners = new Set();
let begun = false;
let asked = false;
let rest = null;
const wave = { turns: [], from: null, direction: 0, last: null };

/** Call `listener` with `{x, y}`, a place in the window, `{right, down}`, a tilt, or `{waved: true}`. Returns the end of it. */
export function attend(listener) {
  listeners.add(listener);
  if (!begun) {
    begun = true;
    addEventListener("pointermove", moved, { passive: true });
    addEventListener("pointerdown", moved, { passive: true });
    // iOS asks the visitor first, after a tap: `followTilt`.
    if (globalThis.DeviceOrientationEvent && !DeviceOrientationEvent.requestPermission) addEventListener("deviceorientation", tilted);
  }
  return () => listeners.delete(listener);
}

/**
 * Ask for the phone's tilt where the system wants to be asked. To be called in the handler of a tap; the visitor is asked
 * once, and a refusal is taken without a word.
 */
export async function followTilt() {
  const ask = globalThis.DeviceOrientationEvent?.requestPermission;
  if (!ask || asked) return;
  asked = true;
  try {
    if ((await ask.call(DeviceOrientationEvent)) === "granted") addEventListener("deviceorientation", tilted);
  } catch {
    // It was not in the handler of a tap.
    asked = false;
  }
}

function tell(what) {
  for (const listener of listeners) listener(what);
}

function moved({ clientX: x, clientY: y, timeStamp }) {
  tell({ x, y });
  const before = wave.last ?? x;
  wave.last = x;
  const direction = Math.sign(x - before);
  if (!direction || direction === wave.direction) return;
  // The pointer has turned where it was before.
  const wide = wave.from !== null && Math.abs(before - wave.from) >= WAVE_WIDTH;
  [wave.direction, wave.from] = [direction, before];
  wave.turns = wide ? [...wave.turns.filter((time) => timeStamp - time < WAVE_TIME), timeStamp] : [];
  if (wave.turns.length < TURNS) return;
  wave.turns = [];
  tell({ waved: true });
}

function tilted({ beta, gamma }) {
  if (beta === null || gamma === null) return;
  rest ??= [beta, gamma];
  // The position at rest follows slowly, as a hand does.
  rest = [rest[0] + (beta - rest[0]) * 0.01, rest[1] + (gamma - rest[1]) * 0.01];
  tell({ right: clamped((gamma - rest[1]) / TILT), down: clamped((beta - rest[0]) / TILT) });
}
