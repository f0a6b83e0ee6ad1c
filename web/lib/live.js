/**
 * The player of live portraits: `<moving-portrait src="portrait.live"><img src="tile.webp" alt="…"></moving-portrait>`.
 *
 * It depends on nothing but the modules beside it in `live/`. docs/live.md describes the attributes and methods. What
 * the element contains, or the first of its `tile`, `film` and `poster` that can be loaded, is shown until the portrait
 * is there, and stays where there is no WebGL2, where the file fails, and with `prefers-reduced-motion`.
 */
import { attend, followTilt } from "./live/attention.js";
import { Behaviour, clamped } from "./live/behaviour.js";
import { AT_REST, within } from "./live/scene.js";
import { theStage } from "./live/stage.js";

// The largest side that is drawn, in pixels of the screen.
const LARGEST = 1024;
// A pause, of a hidden page for instance, does not count as time, in seconds.
const LONGEST_STEP = 0.1;
// A pointer this far from the portrait, as a fraction of the window's larger side, is the furthest look.
const REACH = 0.5;

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const sheet = new CSSStyleSheet();
sheet.replaceSync(`
  :host { display: inline-block; position: relative; inline-size: 256px; aspect-ratio: 1; overflow: hidden; }
  :host([hidden]) { display: none; }
  canvas, img, ::slotted(*) { display: block; inline-size: 100%; block-size: 100%; object-fit: cover; }
  canvas { position: absolute; inset: 0; visibility: hidden; }
  canvas[data-live] { visibility: visible; }
  canvas[data-live] ~ img, canvas[data-live] ~ slot::slotted(*) { visibility: hidden; }
`);

export class MovingPortrait extends HTMLElement {
  static observedAttributes = ["src", "motion", "alt", "tile", "film", "poster"];

  #internals = this.attachInternals();
  #resizes = new ResizeObserver(() => this.resize());
  #sights = new IntersectionObserver(([entry]) => this.#seen(entry.isIntersecting), { rootMargin: "64px" });
  #visible = false;
  #stage = null;
  #loading = null;
  #held = null;
  #last = null;
  #deaf = null;
  #behaviour = null;
  #fallback = null;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
    this.context = null;
    this.model = null;
    this.amplitudes = AT_REST;
    this.drawn = null; // the amplitudes that the canvas shows
    root.append(this.canvas, document.createElement("slot"));
    this.addEventListener("click", () => {
      if (this.hasAttribute("follow")) this.followTilt();
      if (this.hasAttribute("greets")) this.greet();
    });
  }

  connectedCallback() {
    this.#internals.role = "img";
    this.#sights.observe(this);
    this.#resizes.observe(this);
    calm.addEventListener("change", this.#decide);
    this.#showFallback();
  }

  disconnectedCallback() {
    this.#sights.disconnect();
    this.#resizes.disconnect();
    calm.removeEventListener("change", this.#decide);
    this.#visible = false;
    this.#unload();
  }

  attributeChangedCallback(name, before, after) {
    if (before === after) return;
    if (name === "alt") this.#internals.ariaLabel = after;
    else if (name === "motion") this.play(after);
    else if (name === "src") {
      this.#unload();
      this.#decide();
    } else this.#showFallback();
  }

  // ---- What a page may call ----

  /** Whether the portrait plays; else its fallback is shown. */
  get live() {
    return this.model !== null;
  }

  /** Look to a place: -1..1 to the picture's right, and down. */
  look(right, down) {
    this.#behaviour?.look(right, down);
  }

  nod() {
    return this.play("nod");
  }

  smile() {
    return this.play("smile");
  }

  wink() {
    return this.play("wink");
  }

  greet() {
    return this.play("greet");
  }

  /** Queue a motion: `nod`, `smile`, `wink`, `tilt` or `greet`. Resolves at its end: true, or false where it is not played. */
  play(name) {
    return this.#behaviour && !calm.matches ? this.#behaviour.play(name) : Promise.resolve(false);
  }

  /** Hold these amplitudes (docs/live.md), also with reduced motion; `null` lets the portrait do what it likes again. */
  hold(amplitudes) {
    this.#held = amplitudes && within(amplitudes);
    this.#decide();
    if (!this.model) return;
    this.resize();
    if (this.#held) {
      this.amplitudes = this.#held;
      this.#stage.show([this]);
    }
  }

  /** Follow the phone's tilt. iOS asks the visitor, and only after a tap; a tap on what follows does it, too. */
  followTilt() {
    return followTilt();
  }

  // ---- When it plays ----

  #seen(visible) {
    this.#visible = visible;
    this.#decide();
  }

  /** Load, play or stop, as it is now wanted. */
  #decide = () => {
    const wanted = this.isConnected && this.hasAttribute("src") && (!calm.matches || this.#held !== null);
    if (!wanted) this.#unload();
    else if (this.#visible && !this.#loading) this.#load();
    else if (this.model) this.#run();
  };

  async #load() {
    const url = new URL(this.getAttribute("src"), document.baseURI).href;
    const loading = (this.#loading = { url, stage: null });
    try {
      loading.stage = theStage();
      const model = await loading.stage.acquire(url);
      if (this.#loading !== loading) return;
      this.#stage = loading.stage;
      this.#stage.showing.add(this);
      this.#begin(model);
    } catch (error) {
      if (this.#loading === loading) this.failed(error);
    }
  }

  #begin(model) {
    this.model = model;
    this.context ??= this.canvas.getContext("2d", { alpha: false });
    this.#behaviour = new Behaviour(model.about.seed);
    this.#last = null;
    this.resize();
    this.amplitudes = this.#held ?? AT_REST;
    this.#stage.show([this]);
    this.canvas.dataset.live = "";
    this.#run();
    this.dispatchEvent(new CustomEvent("live"));
  }

  #run() {
    const runs = this.#visible && !this.#held;
    if (!runs) {
      this.#stage.stop(this);
      this.#last = null;
    } else this.#stage.start(this);
    if (runs && this.hasAttribute("follow")) this.#deaf ??= attend((what) => this.#attend(what));
    else this.#ignore();
  }

  #ignore() {
    this.#deaf?.();
    this.#deaf = null;
  }

  #unload() {
    const { url, stage } = this.#loading ?? {};
    this.#loading = null;
    this.#ignore();
    delete this.canvas.dataset.live;
    this.model = null;
    this.#behaviour = null;
    stage?.stop(this);
    stage?.showing.delete(this);
    // The canvas keeps no memory of a portrait that is not shown.
    this.canvas.width = this.canvas.height = 1;
    if (stage) stage.release(url);
  }

  /** Called where the portrait cannot be played: the fallback stays. `passing`: it is tried again when it is next seen. */
  failed(error, passing = false) {
    this.#unload();
    if (!passing) this.#loading = { url: null, stage: null };
    this.dispatchEvent(new CustomEvent("fallback", { detail: error.message }));
  }

  /** The next frame's amplitudes; called by the stage. */
  advance(now) {
    const seconds = this.#last === null ? 0 : Math.min((now - this.#last) / 1000, LONGEST_STEP);
    this.#last = now;
    this.amplitudes = this.#behaviour.advance(seconds);
  }

  #attend({ x, y, right, down, waved }) {
    if (waved) this.nod();
    else if (right !== undefined) this.look(right, down);
    else {
      const box = this.getBoundingClientRect();
      const reach = Math.max(innerWidth, innerHeight) * REACH;
      this.look(clamped((x - box.x - box.width / 2) / reach), clamped((y - box.y - box.height / 2) / reach));
    }
  }

  /** Fit the canvas to the element; called by the stage too. */
  resize() {
    if (!this.model) return;
    const scale = devicePixelRatio * (this.#held ? 1 : this.#stage.scale);
    const side = Math.max(1, Math.min(LARGEST, 2 * this.model.about.side, Math.round(this.clientWidth * scale)));
    if (this.canvas.width === side && this.canvas.height === side) return;
    this.canvas.width = this.canvas.height = side;
    this.#stage.show([this]);
  }

  /** `tile`, `film` and `poster` in that order, of which the first that loads is shown; with reduced motion the poster. */
  #showFallback() {
    const names = calm.matches ? ["poster", "tile", "film"] : ["tile", "film", "poster"];
    const addresses = names.map((name) => this.getAttribute(name)).filter(Boolean);
    this.#fallback?.remove();
    this.#fallback = null;
    if (!addresses.length || this.childElementCount) return;
    const image = document.createElement("img");
    image.alt = this.getAttribute("alt") ?? "";
    image.addEventListener("error", () => addresses.length && (image.src = addresses.shift()));
    image.src = addresses.shift();
    this.#fallback = image;
    this.shadowRoot.append(image);
  }
}

customElements.define("moving-portrait", MovingPortrait);
