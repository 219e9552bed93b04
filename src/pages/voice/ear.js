// The server's ear: sound up, what happens in it down.

/** Bytes that may wait to be sent. */
const MOST_WAITING = 262_144;
const PIECE = 32_768;

export class Ear {
  /** @type {WebSocket} */
  #socket;
  /** @type {Promise<void>} */
  #opened;

  /**
   * @param {string} key none: ""
   * @param {(frame: any) => void} hear
   * @param {(why: string) => void} closed
   */
  constructor(key, hear, closed) {
    const url = new URL("/v1/voice/turns", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    this.#socket = new WebSocket(url, key === "" ? ["persona-runtime"] : ["persona-runtime", `bearer.${key}`]);
    this.#socket.onmessage = ({ data }) => hear(JSON.parse(data));
    this.#opened = new Promise((resolve, reject) => {
      this.#socket.onopen = () => resolve();
      this.#socket.onclose = ({ reason }) => {
        reject(new Error("The server did not open a voice. Is it there, and does it want an API key?"));
        closed(reason === "" ? "The connection has ended." : `The connection has ended: ${reason}.`);
      };
    });
    this.#opened.catch(() => {});
  }

  /** Rejects if the server does not want to. */
  get opened() {
    return this.#opened;
  }

  /** @param {object} frame */
  tell(frame) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
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
}
