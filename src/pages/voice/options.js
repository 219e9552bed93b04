// The sliders: one for every option of turns.

/** @typedef {"listening" | "thinking" | "speaking"} Stance */

/**
 * @typedef {object} Option
 * @property {string} name as on the wire
 * @property {string} label
 * @property {number} min
 * @property {number} max
 * @property {number} step
 * @property {string} unit
 * @property {boolean} [never] whether it can be null
 * @property {string} [hint]
 */

/** @type {Option[]} */
const PROFILE = [
  {
    name: "threshold",
    label: "Threshold",
    min: 0.05,
    max: 0.95,
    step: 0.01,
    unit: "",
    hint: "From here on it is speech.",
  },
  {
    name: "exit_threshold",
    label: "Exit threshold",
    min: 0.01,
    max: 0.95,
    step: 0.01,
    unit: "",
    hint: "Below it is silence; in between all stays as it was.",
  },
  { name: "min_speech_ms", label: "Least speech", min: 0, max: 1_000, step: 8, unit: "ms" },
  { name: "min_silence_ms", label: "Least silence", min: 32, max: 3_000, step: 4, unit: "ms" },
];

/** @type {Option} */
const INTERRUPT = {
  name: "interrupt_ms",
  label: "Interrupted by speech of",
  min: 0,
  max: 3_000,
  step: 10,
  unit: "ms",
  never: true,
};

/** @type {Option[]} */
const TURN = [
  { name: "prefix_padding_ms", label: "Look-back before a start", min: 0, max: 2_000, step: 10, unit: "ms" },
  { name: "max_turn_ms", label: "Longest turn", min: 1_000, max: 120_000, step: 500, unit: "ms" },
  {
    name: "patience_ms",
    label: "Patience of a judge",
    min: 0,
    max: 10_000,
    step: 100,
    unit: "ms",
    never: true,
    hint: "How long a turn waits after a pause; never: the pause ends it.",
  },
  { name: "backchannel_ms", label: "A backchannel lasts at most", min: 0, max: 3_000, step: 20, unit: "ms" },
  {
    name: "recovery_ms",
    label: "An interruption is retracted after",
    min: 0,
    max: 10_000,
    step: 100,
    unit: "ms",
    never: true,
  },
  {
    name: "idle_timeout_ms",
    label: "Tell when nobody speaks for",
    min: 100,
    max: 60_000,
    step: 100,
    unit: "ms",
    never: true,
  },
  {
    name: "no_audio_timeout_ms",
    label: "Tell when no sound comes for",
    min: 100,
    max: 60_000,
    step: 100,
    unit: "ms",
    never: true,
  },
];

/** @type {{ title: string, profile?: Stance, open?: boolean, options: Option[] }[]} */
const GROUPS = [
  { title: "While it listens", profile: "listening", open: true, options: PROFILE },
  { title: "Turns", open: true, options: TURN },
  { title: "While it thinks", profile: "thinking", options: [...PROFILE, INTERRUPT] },
  { title: "While it speaks", profile: "speaking", options: [...PROFILE, INTERRUPT] },
];

/** What a role says in a word; it moves the sliders that were not moved. */
const LEVELS = [
  { name: "start_sensitivity", label: "Sensitivity to a start", words: ["default", "low", "medium", "high"] },
  { name: "end_sensitivity", label: "Sensitivity to an end", words: ["default", "low", "medium", "high"] },
  { name: "eagerness", label: "Eagerness to answer", words: ["no judge is asked", "low", "medium", "high"] },
];

export class Options {
  /** What differs from the defaults: `listening.threshold` and its value. @type {Map<string, number | string | null>} */
  #changed = new Map();
  /** What each slider stands for, to the digit that the server told. @type {Map<string, number | null>} */
  #inForce = new Map();
  /** @type {Map<string, (value: number | null) => void>} */
  #show = new Map();

  /**
   * @param {HTMLElement} place
   * @param {() => void} changed
   */
  constructor(place, changed) {
    const levels = element("div", { className: "levels" });
    for (const level of LEVELS) levels.append(this.#choice(level, changed));
    place.append(levels);
    for (const { title, profile, open = false, options } of GROUPS) {
      const group = element("details", { open });
      group.append(element("summary", { textContent: title }));
      const body = element("div", {});
      group.append(body);
      for (const option of options) body.append(this.#slider(option, profile, changed));
      place.append(group);
    }
  }

  /** As a `start` takes it: what was changed, and nothing else. */
  get turn() {
    /** @type {Record<string, any>} */
    const turn = {};
    for (const [path, value] of this.#changed) {
      const [first = "", second] = path.split(".");
      if (second === undefined) turn[first] = value;
      else turn[first] = { ...turn[first], [second]: value };
    }
    return turn;
  }

  reset() {
    this.#changed.clear();
  }

  /** Shows what is in force. @param {Record<string, any>} turn */
  show(turn) {
    for (const [path, show] of this.#show) {
      const [first = "", second] = path.split(".");
      const value = second === undefined ? turn[first] : turn[first]?.[second];
      if (value !== undefined) show(value);
    }
  }

  /** @param {typeof LEVELS[number]} level @param {() => void} changed */
  #choice({ name, label, words }, changed) {
    const row = element("label", { textContent: label });
    const select = element("select", { id: name });
    for (const [at, word] of words.entries()) {
      select.append(element("option", { value: at === 0 ? "" : word, textContent: word }));
    }
    select.addEventListener("change", () => {
      if (select.value === "") this.#changed.delete(name);
      else this.#changed.set(name, select.value);
      changed();
    });
    row.append(select);
    return row;
  }

  /** The one that was not moved gives way, since silence cannot begin above speech. @param {Stance} profile @param {string} moved */
  #keepOrder(profile, moved) {
    const exit = this.#changed.get(`${profile}.exit_threshold`);
    const threshold = this.#inForce.get(`${profile}.threshold`);
    if (typeof exit !== "number" || typeof threshold !== "number" || exit <= threshold) return;
    if (moved === "threshold") this.#changed.set(`${profile}.exit_threshold`, threshold);
    else this.#changed.set(`${profile}.threshold`, exit);
  }

  /**
   * @param {Option} option
   * @param {Stance | undefined} profile
   * @param {() => void} changed
   */
  #slider({ name, label, min, max, step, unit, never = false, hint }, profile, changed) {
    const path = profile === undefined ? name : `${profile}.${name}`;
    const id = path.replace(".", "-");
    const row = element("div", { className: "option" });
    const text = element("label", { textContent: label, htmlFor: id });
    const range = element("input", { type: "range", id, min: `${min}`, max: `${max}`, step: `${step}` });
    const output = element("output", {});
    output.setAttribute("for", id);
    row.append(text, output, range);
    const box = element("input", { type: "checkbox" });
    if (never) {
      const wrap = element("label", { className: "never" });
      box.setAttribute("aria-label", `${label}: never`);
      wrap.append(box, "never");
      row.append(wrap);
    }
    if (hint !== undefined) row.append(element("small", { textContent: hint }));
    const chosen = () => (box.checked ? null : Number(range.value));
    const tell = (/** @type {number | null} */ value) => {
      this.#inForce.set(path, value);
      const words = value === null ? "never" : `${value}${unit === "" ? "" : ` ${unit}`}`;
      output.textContent = words;
      range.setAttribute("aria-valuetext", words);
      range.disabled = value === null;
    };
    const change = () => {
      tell(chosen());
      this.#changed.set(path, chosen());
      if (profile !== undefined) this.#keepOrder(profile, name);
      changed();
    };
    range.addEventListener("input", () => tell(chosen()));
    range.addEventListener("change", change);
    box.addEventListener("change", change);
    this.#show.set(path, (value) => {
      box.checked = value === null;
      if (value !== null) range.value = `${value}`;
      tell(value);
    });
    return row;
  }
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | boolean>} properties
 * @returns {HTMLElementTagNameMap[Tag]}
 */
function element(tag, properties) {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  return made;
}
