// The page: what is clicked, moved and dropped, and what comes of it.
import { Ear } from "/voice/ear.js";
import { Events, seconds } from "/voice/events.js";
import { Options } from "/voice/options.js";
import { Player } from "/voice/player.js";
import { Plot } from "/voice/plot.js";
import { decode, listen, mixed } from "/voice/sound.js";
import { Track } from "/voice/track.js";

/** A recording is kept, to be heard again; so much of it. */
const MOST_RECORDED_S = 900;
/** Several moves of a slider within this time are one. */
const REST_MS = 120;

const input = /** @type {HTMLInputElement} */ (byId("file"));
const drop = byId("drop");
const microphone = /** @type {HTMLButtonElement} */ (byId("microphone"));
const key = /** @type {HTMLInputElement} */ (byId("key"));
const channel = /** @type {HTMLSelectElement} */ (byId("channel"));
const span = /** @type {HTMLSelectElement} */ (byId("span"));
const play = /** @type {HTMLButtonElement} */ (byId("play"));
const position = /** @type {HTMLInputElement} */ (byId("position"));
const form = /** @type {HTMLFormElement} */ (byId("options"));
const detector = /** @type {HTMLSelectElement} */ (byId("detector"));
const canvas = /** @type {HTMLCanvasElement} */ (byId("plot"));
const status = byId("status");

let track = new Track();
/** @type {Ear | undefined} */
let ear;
/** Of what is being heard; aborted when it is over. */
let run = new AbortController();
run.abort();
/** @type {{ name: string, rate: number, channels: Int16Array<ArrayBuffer>[], samples: Int16Array<ArrayBuffer> } | undefined} */
let file;
/** @type {{ rate: number, stop: () => void, blocks: Int16Array<ArrayBuffer>[], samples: number } | undefined} */
let live;
/** The last sound that was asked for: one that takes long to come is not to replace a later one. */
let asked = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let rest;
/** The server's defaults. @type {Record<string, any> | undefined} */
let defaults;

const options = new Options(byId("sliders"), again);
const events = new Events(byId("events"), byId("count"), go);
const player = new Player(showPlace);
const plot = new Plot(canvas, view);

/** As much as is to be seen, up to the newest unless the reader went back. */
function view() {
  const all = Math.max(track.heardMs, 1_000);
  const chosen = Number(span.value) * 1_000;
  const spanMs = chosen === 0 ? all : chosen;
  const room = Math.max(0, all - spanMs);
  position.disabled = room === 0;
  const cursor = file !== undefined && { cursorMs: player.positionMs };
  return { track, fromMs: (room * Number(position.value)) / 1_000, spanMs, ...cursor };
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
  ear ??= new Ear(key.value.trim(), tell, (why) => {
    ear = undefined;
    // A server ends who sends nothing; the next sound opens another.
    if (live === undefined && run.signal.aborted) return;
    run.abort();
    stopMicrophone();
    say(why, true);
  });
  const mine = ear;
  return mine.opened.then(
    () => mine,
    (error) => {
      if (ear === mine) ear = undefined;
      /** @type {HTMLDetailsElement} */ (byId("who")).open = true;
      throw error;
    },
  );
}

/** @param {Record<string, any>} frame @param {boolean} refused */
function tell(frame, refused) {
  if (refused) {
    run.abort();
    stopMicrophone();
  }
  if (frame.type === "ready") {
    defaults ??= frame.turn;
    options.show(frame.turn);
    const { threshold, exit_threshold } = frame.turn[stance()];
    [track.threshold, track.exit] = [threshold, exit_threshold];
  } else if (frame.type === "problem") say(frame.problem.detail, true);
  else if (frame.type === "finished") {
    run.abort();
    say(`${file?.name ?? "The sound"}: ${seconds(track.heardMs)} heard.`);
  } else if (frame.type !== "probabilities") events.note(frame);
  track.tell(frame);
  plot.ask();
}

/** A new track, and the server told of it. @param {number} rate */
async function begin(rate) {
  run.abort();
  run = new AbortController();
  const { signal } = run;
  const voice = await connected();
  if (signal.aborted) return undefined;
  track = new Track();
  events.clear();
  position.value = "1000";
  voice.tell({ type: "start", sample_rate: rate, detector: detector.value, turn: options.turn });
  if (stance() !== "listening") voice.tell({ type: "stance", stance: stance() });
  return { voice, signal };
}

/** What there is to be heard; without anything, the server says what the options mean. */
async function hear() {
  if (file === undefined) {
    await begin(16_000);
    return run.abort();
  }
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
  const mine = ++asked;
  say(`Reading ${chosen.name} …`);
  const { rate, channels } = await decode(chosen);
  if (mine !== asked) return;
  keep(chosen.name, rate, channels);
  await hear();
}

/** What is there to be heard, and to be played. @param {string} name @param {number} rate @param {Int16Array<ArrayBuffer>[]} channels */
function keep(name, rate, channels) {
  file = { name, rate, channels, samples: mixed(channels) };
  span.value = file.samples.length / rate <= 120 ? "0" : "30";
  channel.replaceChildren(
    new Option("all, mixed", ""),
    ...channels.map((_, n) => new Option(channels.length === 2 ? ["left", "right"][n] : `${n + 1}`, `${n}`)),
  );
  byId("channels").hidden = channels.length < 2;
  player.load(file.samples, rate);
}

async function startMicrophone() {
  const mine = ++asked;
  run.abort();
  file = undefined;
  player.load(new Int16Array(), 16_000);
  byId("channels").hidden = true;
  /** @type {Int16Array<ArrayBuffer>[]} */
  const early = [];
  let begun = false;
  const heard = await listen((samples) => {
    early.push(samples);
    if (!begun || live === undefined) return;
    for (const block of early.splice(0)) {
      ear?.hear(block);
      track.hear(block, live.rate);
      live.blocks.push(block);
      live.samples += block.length;
    }
    plot.ask();
    if (live.samples < MOST_RECORDED_S * live.rate) return;
    stopMicrophone();
    say(`The microphone stops after ${MOST_RECORDED_S / 60} minutes.`);
  }, stopMicrophone);
  if (mine !== asked) return heard.stop();
  live = { ...heard, blocks: [], samples: 0 };
  microphone.setAttribute("aria-pressed", "true");
  microphone.textContent = "Stop the microphone";
  span.value = "10";
  begun = (await begin(live.rate)) !== undefined;
  if (begun) say("Listening to the microphone.");
}

/** What it has heard is a sound like that of a file from here on. */
function stopMicrophone() {
  asked += 1;
  if (live === undefined) return;
  const { rate, blocks, samples, stop } = live;
  stop();
  live = undefined;
  microphone.setAttribute("aria-pressed", "false");
  microphone.textContent = "Use the microphone";
  ear?.tell({ type: "finish" });
  const whole = new Int16Array(samples);
  let at = 0;
  for (const block of blocks) {
    whole.set(block, at);
    at += block.length;
  }
  keep("The recording", rate, [whole]);
}

/** With other options: a file from its beginning, the microphone from here on. */
function again() {
  clearTimeout(rest);
  rest = setTimeout(() => {
    if (live === undefined) hear().catch(fail);
    else {
      [live.blocks, live.samples] = [[], 0];
      begin(live.rate).catch(fail);
    }
  }, REST_MS);
}

function stance() {
  return String(new FormData(form).get("stance") ?? "listening");
}

/** To a place of the sound; with an end, that part is played. @param {number} fromMs @param {number} [toMs] */
function go(fromMs, toMs) {
  if (live !== undefined) say("Stop the microphone to hear it again.");
  else if (toMs === undefined) player.seek(fromMs);
  else player.play(fromMs, toMs).catch(fail);
}

function toggle() {
  if (player.playing) player.pause();
  else player.play().catch(fail);
}

/** Where the player stands, in the picture and in words. */
function showPlace() {
  const { playing, positionMs, lengthMs } = player;
  play.textContent = playing ? "Pause" : "Play";
  play.disabled = lengthMs === 0;
  const words = lengthMs === 0 ? "" : `${seconds(positionMs)} of ${seconds(lengthMs)}`;
  byId("place").textContent = words;
  canvas.setAttribute("aria-valuemax", `${Math.round(lengthMs)}`);
  canvas.setAttribute("aria-valuenow", `${Math.round(positionMs)}`);
  canvas.setAttribute("aria-valuetext", words || "no sound to play");
  const { fromMs, spanMs } = view();
  const hidden = positionMs < fromMs || positionMs > fromMs + spanMs;
  if (hidden && run.signal.aborted) {
    position.value = `${(1_000 * Math.max(0, positionMs - spanMs / 20)) / Math.max(1, track.heardMs - spanMs)}`;
  }
  plot.ask();
  if (playing) requestAnimationFrame(showPlace);
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
microphone.addEventListener("click", async () => {
  if (live !== undefined) return stopMicrophone();
  // One question to the user at a time.
  microphone.disabled = true;
  try {
    await startMicrophone();
  } catch (error) {
    stopMicrophone();
    fail(error);
  }
  microphone.disabled = false;
});
key.addEventListener("change", () => {
  ear?.close();
  ear = undefined;
  greet();
});
channel.addEventListener("change", () => {
  if (file === undefined) return;
  file.samples = file.channels[channel.value === "" ? -1 : Number(channel.value)] ?? mixed(file.channels);
  player.load(file.samples, file.rate);
  again();
});
span.addEventListener("change", () => plot.ask());
position.addEventListener("input", () => plot.ask());
play.addEventListener("click", toggle);
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
canvas.addEventListener("click", (event) => {
  const { ms, span } = plot.find(event);
  if (span === undefined) go(ms);
  else go(span.soundFrom, span.to);
});
canvas.addEventListener("pointermove", (event) => {
  canvas.classList.toggle("playable", live === undefined && plot.find(event).span !== undefined);
});
canvas.addEventListener("keydown", (event) => {
  const { positionMs, lengthMs } = player;
  /** @type {Record<string, number>} */
  const places = {
    ArrowLeft: positionMs - 1_000,
    ArrowRight: positionMs + 1_000,
    PageDown: positionMs - 10_000,
    PageUp: positionMs + 10_000,
    Home: 0,
    End: lengthMs,
  };
  const place = places[event.key];
  if (place === undefined && event.key !== " ") return;
  event.preventDefault();
  if (place === undefined) toggle();
  else go(place);
});

/** The sliders show what the server's defaults are as soon as it tells them. */
function greet() {
  connected()
    .then(() => {
      if (file === undefined) say("No sound yet.");
      return hear();
    })
    .catch(fail);
}
plot.ask();
greet();

/** @param {string} id */
function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`There is no #${id}.`);
  return found;
}
