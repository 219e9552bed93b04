// The page: what is clicked, moved and dropped, and what comes of it.
import { Ear } from "/voice/ear.js";
import { Options } from "/voice/options.js";
import { Plot } from "/voice/plot.js";
import { decode, listen } from "/voice/sound.js";
import { Track } from "/voice/track.js";

/** Events that are listed; older ones go. */
const MOST_EVENTS = 300;

const input = /** @type {HTMLInputElement} */ (byId("file"));
const drop = byId("drop");
const microphone = byId("microphone");
const key = /** @type {HTMLInputElement} */ (byId("key"));
const span = /** @type {HTMLSelectElement} */ (byId("span"));
const position = /** @type {HTMLInputElement} */ (byId("position"));
const form = /** @type {HTMLFormElement} */ (byId("options"));
const detector = /** @type {HTMLSelectElement} */ (byId("detector"));
const list = byId("events");
const status = byId("status");

let track = new Track();
/** @type {Ear | undefined} */
let ear;
/** Of what is being heard. */
let run = new AbortController();
/** @type {{ name: string, rate: number, samples: Int16Array<ArrayBuffer> } | undefined} */
let file;
/** @type {Awaited<ReturnType<typeof listen>> | undefined} */
let live;
/** Of the turns, as it is counted above the list. */
let turns = 0;
/** The server's defaults. @type {Record<string, any> | undefined} */
let defaults;

const options = new Options(byId("sliders"), again);
const plot = new Plot(/** @type {HTMLCanvasElement} */ (byId("plot")), view);

/** As much as is to be seen, up to the newest unless the reader went back. */
function view() {
  const all = Math.max(track.heardMs, 1_000);
  const chosen = Number(span.value) * 1_000;
  const spanMs = chosen === 0 ? all : chosen;
  const room = Math.max(0, all - spanMs);
  position.disabled = room === 0;
  return { track, fromMs: (room * Number(position.value)) / 1_000, spanMs };
}

/** @param {string} text */
function say(text, bad = false) {
  status.textContent = text;
  status.classList.toggle("bad", bad);
}

/** @param {unknown} error */
function fail(error) {
  say(error instanceof Error ? error.message : String(error), true);
}

function connected() {
  if (ear === undefined) {
    ear = new Ear(key.value.trim(), tell, (why) => {
      ear = undefined;
      run.abort();
      stopMicrophone();
      say(why, true);
    });
  }
  return ear.opened.then(
    () => /** @type {Ear} */ (ear),
    (error) => {
      ear = undefined;
      /** @type {HTMLDetailsElement} */ (byId("who")).open = true;
      throw error;
    },
  );
}

/** @param {Record<string, any>} frame */
function tell(frame) {
  if (frame.type === "ready") {
    defaults ??= frame.turn;
    options.show(frame.turn);
    limits(frame.turn);
  } else if (frame.type === "problem") say(frame.problem.detail, true);
  else if (frame.type === "finished") say(`${file?.name ?? "The sound"}: ${seconds(track.heardMs)} heard.`);
  else if (frame.type !== "probabilities") note(frame);
  track.tell(frame);
  plot.ask();
}

/** @param {Record<string, any>} turn */
function limits(turn) {
  const now = turn[stance()];
  track.threshold = now.threshold;
  track.exit = now.exit_threshold;
}

/** @type {Record<string, (frame: Record<string, any>) => string>} */
const WORDS = {
  speech_start: (frame) => `speech starts, known at ${seconds(frame.committed_at_ms)}`,
  speech_end: (frame) => `speech ends, known at ${seconds(frame.known_at_ms)}`,
  turn_end: (frame) => `turn ends (${frame.reason}), known at ${seconds(frame.known_at_ms)}`,
  interrupt: (frame) => `interrupts the persona's ${frame.stance}`,
  interrupt_retracted: () => "the interruption was none",
  misfire: (frame) => (frame.what === "short" ? "too short for speech" : "a backchannel"),
  timeout: (frame) => (frame.what === "idle" ? "nobody has spoken" : "no sound has come"),
  damaged: () => "the sound was damaged here",
};

/** @param {Record<string, any>} frame */
function note(frame) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  item.className = frame.type;
  time.textContent = seconds(frame.at_ms);
  item.append(time, WORDS[frame.type]?.(frame) ?? frame.type);
  list.prepend(item);
  if (list.childElementCount > MOST_EVENTS) list.lastElementChild?.remove();
  if (frame.type === "turn_end") turns += 1;
  byId("count").textContent = `${turns} ${turns === 1 ? "turn" : "turns"}`;
}

/** A new track, and the server told of it. @param {number} rate */
async function begin(rate) {
  run.abort();
  run = new AbortController();
  const { signal } = run;
  const voice = await connected();
  if (signal.aborted) return undefined;
  track = new Track();
  turns = 0;
  list.replaceChildren();
  byId("count").textContent = "";
  position.value = "1000";
  voice.tell({ type: "start", sample_rate: rate, detector: detector.value, turn: options.turn });
  if (stance() !== "listening") voice.tell({ type: "stance", stance: stance() });
  return { voice, signal };
}

async function hearFile() {
  if (file === undefined) return;
  const { name, rate, samples } = file;
  const begun = await begin(rate);
  if (begun === undefined) return;
  say(`Hearing ${name} …`);
  const { voice, signal } = begun;
  const heard = track;
  await voice.hearAll(samples, signal, (piece) => {
    heard.hear(piece, rate);
    plot.ask();
  });
  if (!signal.aborted) voice.tell({ type: "finish" });
}

/** @param {File} chosen */
async function open(chosen) {
  stopMicrophone();
  say(`Reading ${chosen.name} …`);
  try {
    file = { name: chosen.name, ...(await decode(chosen)) };
  } catch {
    throw new Error(`${chosen.name} is no sound that this browser can read.`);
  }
  span.value = file.samples.length / file.rate <= 120 ? "0" : "30";
  await hearFile();
}

async function startMicrophone() {
  file = undefined;
  /** @type {Int16Array<ArrayBuffer>[]} */
  const early = [];
  /** @type {{ voice: Ear, signal: AbortSignal } | undefined} */
  let begun;
  live = await listen((samples) => {
    const block = new Int16Array(samples);
    if (begun === undefined) return void early.push(block);
    for (const one of [...early.splice(0), block]) {
      // After a change of options it is another run.
      ear?.hear(one);
      track.hear(one, live?.rate ?? 16_000);
    }
    plot.ask();
  });
  microphone.setAttribute("aria-pressed", "true");
  microphone.textContent = "Stop the microphone";
  span.value = "10";
  begun = await begin(live.rate);
  say("Listening to the microphone.");
}

function stopMicrophone() {
  if (live === undefined) return;
  live.stop();
  live = undefined;
  microphone.setAttribute("aria-pressed", "false");
  microphone.textContent = "Use the microphone";
  ear?.tell({ type: "finish" });
}

/** With other options: a file from its beginning, the microphone from here on. */
function again() {
  if (live !== undefined) begin(live.rate).catch(fail);
  else hearFile().catch(fail);
}

function stance() {
  return String(new FormData(form).get("stance") ?? "listening");
}

input.addEventListener("change", () => {
  const [chosen] = input.files ?? [];
  if (chosen !== undefined) open(chosen).catch(fail);
  // So that the same file can be chosen again.
  input.value = "";
});
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", name === "dragover");
  });
}
document.addEventListener("drop", (event) => {
  const [chosen] = event.dataTransfer?.files ?? [];
  if (chosen !== undefined) open(chosen).catch(fail);
});
microphone.addEventListener("click", () => {
  if (live === undefined) {
    startMicrophone().catch((error) => {
      stopMicrophone();
      fail(error);
    });
  } else stopMicrophone();
});
key.addEventListener("change", () => {
  ear?.close();
  ear = undefined;
});
span.addEventListener("change", () => plot.ask());
position.addEventListener("input", () => plot.ask());
detector.addEventListener("change", again);
form.addEventListener("change", (event) => {
  if (/** @type {HTMLInputElement} */ (event.target).name !== "stance") return;
  // A file is heard anew with it, so that it holds from the beginning.
  if (live === undefined) return again();
  ear?.tell({ type: "stance", stance: stance() });
});
form.addEventListener("reset", () => {
  options.reset();
  // The form itself is reset after this.
  setTimeout(() => {
    if (defaults !== undefined) options.show(defaults);
    again();
  });
});
form.addEventListener("submit", (event) => event.preventDefault());
byId("plot").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -50, ArrowRight: 50, Home: -1_000, End: 1_000 }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  position.value = `${Number(position.value) + step}`;
  plot.ask();
});
plot.ask();
// The sliders show what the server's defaults are as soon as it tells them.
connected()
  .then((voice) => voice.tell({ type: "start", sample_rate: 16_000 }))
  .catch(() => say("No sound yet. The server wants an API key.", true));

/** @param {number} ms */
function seconds(ms) {
  return `${(ms / 1_000).toFixed(2)} s`;
}

/** @param {string} id */
function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`There is no #${id}.`);
  return found;
}
