// In the thread of sound: hands on what a microphone gives, some 20 ms at a time.

const BLOCKS = 8;

class Microphone extends AudioWorkletProcessor {
  /** @type {Float32Array[]} */
  #blocks = [];

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const block = inputs[0]?.[0];
    if (block !== undefined) this.#blocks.push(block.slice());
    if (this.#blocks.length >= BLOCKS) {
      this.port.postMessage(this.#blocks);
      this.#blocks = [];
    }
    return true;
  }
}

registerProcessor("microphone", Microphone);
