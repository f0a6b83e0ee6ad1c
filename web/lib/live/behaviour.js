/** What a live portrait does by itself and when asked: breath, blinks, gaze, and motions one after the other. */
import { within } from "./scene.js";

// Seconds: of a blink's closing, its closed moment and its opening; of the mean pause between two blinks, and the least.
const CLOSING = 0.09;
const CLOSED = 0.04;
const OPENING = 0.17;
const PAUSE = 3.4;
const LEAST_PAUSE = 0.9;
const TWICE = 0.14; // the share of blinks that come in pairs
const BREATH = 4.6; // seconds of a breath
// Seconds in which the head comes most of the way to where it looks; until an old direction of the pointer is forgotten.
const EASING = 0.22;
const FORGOTTEN = 4;
// Seconds in which the eyes are where they look; they are there before the head. How far a target that the head has not
// reached yet turns them, and what part of the way they keep when it has.
const SACCADE = 0.035;
const AHEAD = 1.5;
const KEPT = 0.35;
// A turn of the head this large goes along with a blink.
const BLINKING_TURN = 0.7;

/** Motions as amplitudes over time: [seconds, {name: value}], eased between. Each begins and ends at rest. */
const MOTIONS = {
  nod: [
    [0.3, { nod: 0 }],
    [0.35, { nod: 1 }],
    [0.32, { nod: 0.1 }],
    [0.3, { nod: 0.6 }],
    [0.4, { nod: 0 }],
  ],
  smile: [
    [0.5, { smile: 1 }],
    [1.5, { smile: 1 }],
    [0.9, { smile: 0 }],
  ],
  wink: [
    [0.25, { smile: 0.3, tilt: 0.3 }],
    [0.14, { wink: 1, smile: 0.5, tilt: 0.5 }],
    [0.28, { wink: 1, smile: 0.5, tilt: 0.5 }],
    [0.22, { wink: 0, smile: 0.4, tilt: 0.3 }],
    [0.6, { smile: 0, tilt: 0 }],
  ],
  tilt: [
    [0.6, { tilt: 0.8 }],
    [1.0, { tilt: 0.8 }],
    [0.8, { tilt: 0 }],
  ],
  greet: [
    [0.35, { nod: 0.9, smile: 0.5 }],
    [0.35, { nod: 0, smile: 1 }],
    [1.4, { smile: 1, tilt: 0.25 }],
    [0.9, { smile: 0, tilt: 0 }],
  ],
};

export class Behaviour {
  /** `seed` makes each portrait do its own; two with the same differ by when they begin. */
  constructor(seed) {
    this.state = (seed ^ (Math.random() * 2 ** 31)) >>> 0;
    this.time = 0;
    this.breathes = this.random() * BREATH;
    this.nextBlink = 0.5 + this.random() * PAUSE;
    this.blinkStart = -10;
    this.gaze = [0, 0];
    this.speed = [0, 0];
    this.target = [0, 0];
    this.eyes = [0, 0];
    this.nextGlance = 1 + this.random() * 2;
    this.asked = null;
    this.queue = [];
    this.motion = null;
  }

  /** Xorshift: 0..1. */
  random() {
    let x = this.state || 1;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state / 2 ** 32;
  }

  /** Look at a place, -1..1 to the right and down, for a few seconds. */
  look(right, down) {
    this.asked = { at: [clamped(right), clamped(down)], until: this.time + FORGOTTEN };
  }

  /** Play a motion after those that were asked for before. Returns a promise of its end, false for an unknown one. */
  play(name) {
    if (!Object.hasOwn(MOTIONS, name)) return Promise.resolve(false);
    return new Promise((done) => this.queue.push({ steps: MOTIONS[name], done }));
  }

  /** Go on by `seconds`; returns the amplitudes. */
  advance(seconds) {
    this.time += seconds;
    this.glance();
    this.turn(seconds);
    const acting = this.act(seconds);
    const smile = acting.smile ?? 0;
    // Lids that a smile or a look down have lowered have less far to go.
    const lids = 1 - 0.12 * smile - 0.14 * Math.max(0, this.gaze[1]);
    return within({
      ...acting,
      lookRight: this.gaze[0],
      lookDown: this.gaze[1],
      gazeRight: this.eyes[0],
      gazeDown: this.eyes[1],
      breath: 0.5 - 0.5 * Math.cos((2 * Math.PI * (this.time + this.breathes)) / BREATH),
      blink: acting.wink ? 0 : this.blink() * lids,
    });
  }

  glance() {
    if (this.asked && this.asked.until < this.time) this.asked = null;
    if (this.asked) {
      this.saccade(this.asked.at);
      this.nextGlance = this.time + 1.5;
    } else if (this.time >= this.nextGlance) {
      // Most of the time people look ahead.
      const ahead = this.random() < 0.45;
      this.saccade(ahead ? [0, 0] : [(this.random() - 0.5) * 1.1, (this.random() - 0.5) * 0.6]);
      this.nextGlance = this.time + 1.2 + this.random() * 3.2;
    }
  }

  saccade(at) {
    if (Math.hypot(at[0] - this.gaze[0], at[1] - this.gaze[1]) > BLINKING_TURN && this.time - this.blinkStart > 1.5) {
      this.blinkStart = this.time;
    }
    this.target = at;
  }

  /** The head is a critically damped spring, which starts and stops without a jerk; the eyes jump. */
  turn(seconds) {
    const pull = 1 / EASING;
    for (const axis of [0, 1]) {
      const away = this.gaze[axis] - this.target[axis];
      const push = (this.speed[axis] + pull * away) * seconds;
      const fade = Math.exp(-pull * seconds);
      this.gaze[axis] = this.target[axis] + (away + push) * fade;
      this.speed[axis] = (this.speed[axis] - pull * push) * fade;
      const wanted = clamped(AHEAD * (this.target[axis] - this.gaze[axis]) + KEPT * this.target[axis]);
      this.eyes[axis] += (wanted - this.eyes[axis]) * (1 - Math.exp(-seconds / SACCADE));
    }
  }

  blink() {
    if (this.time >= this.nextBlink) {
      this.blinkStart = this.time;
      const soon = this.random() < TWICE;
      this.nextBlink = this.time + (soon ? 0.42 : LEAST_PAUSE - PAUSE * Math.log(1 - this.random()));
    }
    const since = this.time - this.blinkStart;
    if (since < CLOSING) return eased(since / CLOSING);
    if (since < CLOSING + CLOSED) return 1;
    return 1 - eased(Math.min(1, (since - CLOSING - CLOSED) / OPENING));
  }

  /** The amplitudes of the motion that is played. */
  act(seconds) {
    if (!this.motion) {
      const next = this.queue.shift();
      if (!next) return {};
      this.motion = { ...next, step: 0, since: 0, from: {} };
    }
    const { motion } = this;
    motion.since += seconds;
    while (motion.step < motion.steps.length && motion.since >= motion.steps[motion.step][0]) {
      motion.since -= motion.steps[motion.step][0];
      motion.from = { ...motion.from, ...motion.steps[motion.step][1] };
      motion.step += 1;
    }
    if (motion.step >= motion.steps.length) {
      this.motion = null;
      motion.done(true);
      return {};
    }
    const [length, to] = motion.steps[motion.step];
    const share = eased(motion.since / length);
    const now = { ...motion.from };
    for (const [name, value] of Object.entries(to)) now[name] = (now[name] ?? 0) + (value - (now[name] ?? 0)) * share;
    return now;
  }
}

export function clamped(value) {
  return Math.min(1, Math.max(-1, value));
}

function eased(share) {
  return share * share * (3 - 2 * share);
}
