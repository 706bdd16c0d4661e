// Runs an ONNX model on ONNX Runtime's CPU provider and answers commands, one a
// line, on standard input. bench/README.md describes the protocol.
//
//   npm install --ignore-scripts
//   node run.mjs [--threads N] [--size HxW] [--spin 0|1] model.onnx
//
// --size stands for dimensions that the model leaves open (512x512 without it).
import fs from 'node:fs';
import { createRequire } from 'node:module';
import readline from 'node:readline';
import { parseArgs } from 'node:util';
import ort from 'onnxruntime-node';

const { values: options, positionals: files } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    size: { type: 'string', default: '512x512' },
    spin: { type: 'string', default: '1' },
  },
  allowPositionals: true,
});
if (files.length !== 1) {
  console.error('usage: node run.mjs [--threads N] [--size HxW] [--spin 0|1] model.onnx');
  process.exit(2);
}

const session = await ort.InferenceSession.create(files[0], {
  executionProviders: ['cpu'],
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  interOpNumThreads: 1,
  intraOpNumThreads: Number(options.threads),
  extra: { session: { intra_op: { allow_spinning: options.spin } } },
});

// Dimensions that are open are numbers only by --size; the batch is one picture.
const [height, width] = options.size.split('x').map(Number);
const open = [1, NaN, height, width];
const inputs = session.inputMetadata.map(({ name, shape }) => {
  const dims = shape.map((d, i) => (typeof d === 'number' && d > 0 ? d : open[i]));
  const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
  return { name, dims, data };
});
const output = session.outputNames[0];

// fill makes the same pictures in every run: a small linear congruential generator.
let state = 1;
for (const input of inputs) {
  for (let i = 0; i < input.data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    input.data[i] = state / 2 ** 32;
  }
}
const feeds = Object.fromEntries(inputs.map((i) => [i.name, new ort.Tensor('float32', i.data, i.dims)]));

const commands = {
  info() {
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json');
    const shape = inputs.map((i) => `${i.name} ${i.dims.join('x')}`).join(', ');
    return `ONNX Runtime ${version} on Node ${process.version}, ${options.threads} threads; ${shape}`;
  },
  async run(count = '1') {
    const times = [];
    for (let i = 0; i < Number(count); i++) {
      const start = process.hrtime.bigint();
      await session.run(feeds);
      times.push((Number(process.hrtime.bigint() - start) / 1e6).toFixed(3));
    }
    return times.join(' ');
  },
  async compare(from, to) {
    const raw = fs.readFileSync(from);
    const want = inputs.reduce((sum, i) => sum + 4 * i.data.length, 0);
    if (raw.length !== want) throw new Error(`${from} has ${raw.length} bytes, the inputs need ${want}`);
    let at = 0;
    const given = {};
    for (const { name, dims, data } of inputs) {
      const copy = raw.buffer.slice(raw.byteOffset + at, raw.byteOffset + at + 4 * data.length);
      given[name] = new ort.Tensor('float32', new Float32Array(copy), dims);
      at += 4 * data.length;
    }
    const { data } = (await session.run(given))[output];
    fs.writeFileSync(to, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return 'done';
  },
};

await commands.run('5'); // memory and threads settle before the first measurement
console.log('ready');
for await (const line of readline.createInterface({ input: process.stdin })) {
  const [name, ...args] = line.trim().split(/\s+/);
  if (name === 'quit') break;
  try {
    if (!commands[name]) throw new Error(`there is no command ${name}; there are info, run, compare and quit`);
    console.log(await commands[name](...args));
  } catch (err) {
    console.log(`error ${err.message.replaceAll('\n', ' ')}`);
  }
}
process.exit(0);
