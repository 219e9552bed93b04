// Draws a track: the sound, how likely it is speech, and what was decided, over one axis of time.
import { BUCKET_MS } from "/voice/track.js";

/** @typedef {import("./track.js").Track} Track */
/** @typedef {import("./track.js").Span} Span */

/**
 * @typedef {object} View what is to be seen of a track
 * @property {Track} track
 * @property {number} fromMs
 * @property {number} spanMs
 * @property {number} [cursorMs] where it would be played from, or is
 */

const LEFT = 54;
const RIGHT = 10;
const GAP = 12;
const AXIS = 34;
/** How far beside a short span it still can be hit, in pixels. */
const NEAR = 4;
/** Of the heights that are left. */
const SHARES = { wave: 0.34, curve: 0.42, bars: 0.24 };
/** Between two ticks, in seconds. */
const TICKS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800];

export class Plot {
  /** @type {HTMLCanvasElement} */
  #canvas;
  #asked = false;
  /** @type {() => View} */
  #view;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => View} view
   */
  constructor(canvas, view) {
    this.#canvas = canvas;
    this.#view = view;
    new ResizeObserver(() => this.ask()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.ask());
  }

  /** Draws with the next frame of the screen, however often it is asked. */
  ask() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  /** What lies at a point of the screen: a time, and a turn or speech. @param {{ clientX: number, clientY: number }} point */
  find({ clientX, clientY }) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    const { track, fromMs, spanMs } = this.#view();
    const perPixel = spanMs / (width - LEFT - RIGHT);
    const ms = Math.max(0, fromMs + (clientX - left - LEFT) * perPixel);
    const { bars } = rowsOf(height);
    const y = clientY - top - bars.top;
    const spans = y < -GAP / 2 || y > bars.height + 2 ? [] : y < bars.height * 0.45 ? track.speech : track.turns;
    const near = NEAR * perPixel;
    const span = spans.find(({ from, to, open }) => !open && ms >= from - near && ms <= to + near);
    return { ms, span };
  }

  #draw() {
    const { width, height } = this.#canvas.getBoundingClientRect();
    const ratio = devicePixelRatio;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    const context = this.#canvas.getContext("2d");
    if (context === null || width < LEFT + RIGHT + 20) return;
    context.scale(ratio, ratio);
    context.font = "12px system-ui, sans-serif";
    const style = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const color = (name) => style.getPropertyValue(`--${name}`);

    const { track, fromMs, spanMs, cursorMs } = this.#view();
    const plotWidth = width - LEFT - RIGHT;
    const { wave, curve, bars } = rowsOf(height);
    /** @param {number} ms */
    const x = (ms) => LEFT + ((ms - fromMs) / spanMs) * plotWidth;
    /** @param {number} pixel */
    const msAt = (pixel) => fromMs + (pixel / plotWidth) * spanMs;
    /** @param {number} probability */
    const y = (probability) => curve.top + (1 - probability) * curve.height;
    /** @param {string} text @param {number} at */
    const label = (text, at) => {
      context.fillStyle = color("soft");
      context.textAlign = "right";
      context.textBaseline = "middle";
      context.fillText(text, LEFT - 6, at);
    };

    // Time.
    const bottom = bars.top + bars.height;
    const wanted = (spanMs / 1000) * (64 / plotWidth);
    const tick = TICKS.find((seconds) => seconds >= wanted) ?? 3_600;
    context.textBaseline = "top";
    context.textAlign = "center";
    context.lineWidth = 1;
    for (let second = Math.ceil(fromMs / 1000 / tick) * tick; second * 1000 <= fromMs + spanMs; second += tick) {
      context.strokeStyle = color("rule");
      line(context, x(second * 1000), wave.top, x(second * 1000), bottom + 4);
      context.fillStyle = color("soft");
      const at = Math.min(x(second * 1000), width - RIGHT - 8);
      context.fillText(clock(second, tick), at, bottom + 6);
    }
    context.fillText("seconds", LEFT + plotWidth / 2, bottom + 20);

    // Sound.
    const middle = wave.top + wave.height / 2;
    label("sound", middle);
    context.strokeStyle = color("rule");
    line(context, LEFT, middle, width - RIGHT, middle);
    context.fillStyle = color("wave");
    // Quiet sound is seen, too.
    const loudest = Math.max(0.05, track.loudest);
    for (let pixel = 0; pixel < plotWidth; pixel += 1) {
      const [low, high] = outline(track, msAt(pixel), msAt(pixel + 1));
      if (low === high) continue;
      const top = middle - (high / loudest) * (wave.height / 2);
      context.fillRect(LEFT + pixel, top, 1, Math.max(1, ((high - low) / loudest) * (wave.height / 2)));
    }

    // Probability.
    for (const [value, name] of /** @type {[number, string][]} */ ([
      [0, "0"],
      [0.5, "0.5"],
      [1, "1"],
    ])) {
      label(name, y(value));
      context.strokeStyle = color("rule");
      line(context, LEFT, y(value), width - RIGHT, y(value));
    }
    context.strokeStyle = color("limit");
    context.setLineDash([5, 4]);
    for (const value of [track.threshold, track.exit]) line(context, LEFT, y(value), width - RIGHT, y(value));
    context.setLineDash([]);
    context.strokeStyle = color("curve");
    context.lineWidth = 1.5;
    context.beginPath();
    const { probabilities, frameMs } = track;
    for (let pixel = 0; pixel < plotWidth; pixel += 1) {
      const first = Math.floor(msAt(pixel) / frameMs);
      const end = Math.max(first + 1, Math.floor(msAt(pixel + 1) / frameMs));
      if (first < 0 || end > probabilities.length) continue;
      // What lies within one pixel is drawn from its least to its most.
      let [least, most] = [1, 0];
      for (let at = first; at < end; at += 1) {
        least = Math.min(least, probabilities.get(at));
        most = Math.max(most, probabilities.get(at));
      }
      const rises = most === probabilities.get(end - 1);
      context.lineTo(LEFT + pixel, y(rises ? least : most));
      context.lineTo(LEFT + pixel, y(rises ? most : least));
    }
    context.stroke();

    // Decisions.
    const thick = bars.height * 0.36;
    const rows = { speech: bars.top, turn: bars.top + bars.height * 0.52 };
    label("speech", rows.speech + thick / 2);
    label("turns", rows.turn + thick / 2);
    context.save();
    context.beginPath();
    context.rect(LEFT, bars.top - 4, plotWidth, bars.height + 8);
    context.clip();
    const now = Math.max(track.scoredMs, 0);
    for (const [spans, top, name] of /** @type {const} */ ([
      [track.speech, rows.speech, "speech"],
      [track.turns, rows.turn, "turn"],
    ])) {
      for (const { from, to, open, gone } of spans) {
        const end = open ? Math.max(now, from) : to;
        if (end < fromMs || from > fromMs + spanMs) continue;
        context.fillStyle = open ? stripes(context, color(name)) : color(name);
        context.globalAlpha = gone ? 0.3 : 1;
        context.fillRect(x(from), top, Math.max(2, x(end) - x(from)), thick);
        context.globalAlpha = 1;
      }
    }
    context.strokeStyle = color("ink");
    for (const { at } of track.marks) line(context, x(at), rows.turn - 3, x(at), rows.turn + thick + 3);
    context.restore();

    if (cursorMs === undefined || cursorMs < fromMs || cursorMs > fromMs + spanMs) return;
    context.strokeStyle = color("cursor");
    context.lineWidth = 2;
    line(context, x(cursorMs), wave.top - 4, x(cursorMs), bottom + 4);
  }
}

/** Where sound, probability and decisions lie on a canvas. @param {number} height */
function rowsOf(height) {
  const free = height - AXIS - 2 * GAP - 6;
  const wave = { top: 6, height: free * SHARES.wave };
  const curve = { top: wave.top + wave.height + GAP, height: free * SHARES.curve };
  return { wave, curve, bars: { top: curve.top + curve.height + GAP, height: free * SHARES.bars } };
}

/** @param {Track} track @param {number} fromMs @param {number} toMs @returns {[low: number, high: number]} */
function outline(track, fromMs, toMs) {
  const first = Math.max(0, Math.floor(fromMs / BUCKET_MS));
  const end = Math.min(track.lows.length, Math.max(first + 1, Math.floor(toMs / BUCKET_MS)));
  let [low, high] = [0, 0];
  for (let at = first; at < end; at += 1) {
    low = Math.min(low, track.lows.get(at));
    high = Math.max(high, track.highs.get(at));
  }
  return [low, high];
}

/** @param {CanvasRenderingContext2D} context @param {number} fromX @param {number} fromY @param {number} toX @param {number} toY */
function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {string} color */
function stripes(context, color) {
  const tile = new OffscreenCanvas(6, 6);
  const inner = tile.getContext("2d");
  if (inner === null) return color;
  inner.strokeStyle = color;
  inner.lineWidth = 2.5;
  for (const shift of [-6, 0, 6]) {
    inner.beginPath();
    inner.moveTo(shift - 1, 7);
    inner.lineTo(shift + 7, -1);
    inner.stroke();
  }
  return context.createPattern(tile, "repeat") ?? color;
}

/** @param {number} second @param {number} tick */
function clock(second, tick) {
  if (second < 60 || tick < 1) return `${Number(second.toFixed(1))}`;
  return `${Math.floor(second / 60)}:${`${Math.round(second % 60)}`.padStart(2, "0")}`;
}
