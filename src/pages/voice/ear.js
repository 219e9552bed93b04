// The server's ear: sound up, what happens in it down.

const PATH = "/v1/voice/turns";
/** Bytes that may wait to be sent. */
const MOST_WAITING = 262_144;
const PIECE = 32_768;

export class Ear {
  /** @type {WebSocket} */
  #socket;
  /** @type {Promise<void>} */
  #opened;
  /** What was told to start and is not answered: until then, what comes belongs to the sound before. */
  #starts = 0;

  /**
   * @param {string} key none: ""
   * @param {(frame: any, refused: boolean) => void} hear `refused`: a start was, and nothing is heard of its sound
   * @param {(why: string) => void} closed is called once it was open
   */
  constructor(key, hear, closed) {
    const url = new URL(PATH, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.#socket = new WebSocket(url, key === "" ? ["persona-runtime"] : ["persona-runtime", `bearer.${key}`]);
    this.#socket.onmessage = ({ data }) => this.#take(JSON.parse(data), hear);
    this.#opened = new Promise((resolve, reject) => {
      this.#socket.onopen = () => {
        this.#socket.onclose = ({ reason }) =>
          closed(reason === "" ? "The connection has ended." : `The connection has ended: ${reason}.`);
        resolve();
      };
      this.#socket.onclose = () => void refusal(key).then((why) => reject(new Error(why)));
    });
    this.#opened.catch(() => {});
  }

  /** Rejects if the server does not want to. */
  get opened() {
    return this.#opened;
  }

  /** @param {{ type: string } & Record<string, unknown>} frame */
  tell(frame) {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (frame.type === "start") this.#starts += 1;
    this.#socket.send(JSON.stringify(frame));
  }

  /** @param {Int16Array<ArrayBuffer>} samples */
  hear(samples) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(samples);
  }

  /**
   * Sends as fast as the server takes it; stops when `signal` aborts.
   * @param {Int16Array<ArrayBuffer>} samples
   * @param {AbortSignal} signal
   * @param {(samples: Int16Array<ArrayBuffer>) => void} sent
   */
  async hearAll(samples, signal, sent) {
    for (let at = 0; at < samples.length && !signal.aborted; at += PIECE) {
      while (this.#socket.bufferedAmount > MOST_WAITING && !signal.aborted) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      const piece = samples.subarray(at, at + PIECE);
      this.hear(piece);
      sent(piece);
      // The page is drawn in between.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  close() {
    this.#socket.onclose = null;
    this.#socket.close();
  }

  /** @param {{ type: string }} frame @param {(frame: any, refused: boolean) => void} hear */
  #take(frame, hear) {
    const answers = this.#starts > 0 && (frame.type === "ready" || frame.type === "problem");
    if (answers) this.#starts -= 1;
    if (answers || this.#starts === 0) hear(frame, answers && frame.type === "problem");
  }
}

/** A browser does not say why a WebSocket was refused, but the same address says it to a request. @param {string} key */
async function refusal(key) {
  try {
    const answer = await fetch(PATH, { headers: key === "" ? {} : { authorization: `Bearer ${key}` } });
    const { code, detail } = await answer.json();
    if (code === "unauthenticated")
      return key === "" ? "The server wants an API key." : "The server does not know this key.";
    if (code !== "upgrade_required") return String(detail);
  } catch {
    return "The server does not answer.";
  }
  return "The server did not open a voice, although it is there: does something between here and it know no WebSockets?";
}
