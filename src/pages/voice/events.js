// The list of what happened, from which it can be heard again.

/** Older ones go. */
const MOST = 300;

/** @type {Record<string, (frame: Record<string, any>) => string>} */
const WORDS = {
  speech_start: (frame) => `speech starts, known at ${seconds(frame.committed_at_ms)}`,
  speech_end: (frame) => `speech ends, known at ${seconds(frame.known_at_ms)}`,
  turn_end: (frame) => `turn ends (${frame.reason.replace("_", " ")}), known at ${seconds(frame.known_at_ms)}`,
  interrupt: (frame) => `interrupts the persona's ${frame.stance}, known at ${seconds(frame.known_at_ms)}`,
  interrupt_retracted: () => "the interruption was none",
  misfire: (frame) => (frame.what === "short" ? "too short for speech" : "a backchannel"),
  timeout: (frame) => (frame.what === "idle" ? "nobody has spoken" : "no sound has come"),
  damaged: () => "the sound was damaged here",
};

export class Events {
  /** @type {HTMLElement} */
  #list;
  /** @type {HTMLElement} */
  #count;
  /** @type {(fromMs: number, toMs?: number) => void} */
  #go;
  #turns = 0;

  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} count
   * @param {(fromMs: number, toMs?: number) => void} go to a place of the sound, or plays a part of it
   */
  constructor(list, count, go) {
    this.#list = list;
    this.#count = count;
    this.#go = go;
  }

  clear() {
    this.#turns = 0;
    this.#list.replaceChildren();
    this.#count.textContent = "";
  }

  /** @param {Record<string, any>} frame */
  note(frame) {
    const item = document.createElement("li");
    item.className = frame.type;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = seconds(frame.at_ms);
    const isTurn = frame.type === "turn_end";
    button.title = isTurn ? "Play this turn" : "Go there";
    button.setAttribute("aria-label", `${button.title}: ${button.textContent}`);
    button.addEventListener("click", () =>
      isTurn ? this.#go(frame.sound_from_ms, frame.at_ms) : this.#go(frame.at_ms),
    );
    item.append(button, WORDS[frame.type]?.(frame) ?? frame.type);
    this.#list.prepend(item);
    if (this.#list.childElementCount > MOST) this.#list.lastElementChild?.remove();
    if (isTurn) this.#turns += 1;
    this.#count.textContent = `${this.#turns} ${this.#turns === 1 ? "turn" : "turns"}`;
  }
}

/** From a minute on as a clock has it: 1:05.20. @param {number} ms */
export function seconds(ms) {
  const hundredths = Math.round(ms / 10);
  const rest = ((hundredths % 6_000) / 100).toFixed(2);
  if (hundredths < 6_000) return `${rest} s`;
  return `${Math.floor(hundredths / 6_000)}:${rest.padStart(5, "0")}`;
}
