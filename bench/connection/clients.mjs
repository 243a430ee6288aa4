// The clients, on the runtime that is measured. Measures what one line of JSON on its standard input says, and answers
// with one.
import { createInterface } from 'node:readline';
import { comeBack } from './come-back.mjs';
import { silence } from './silence.mjs';
import { slow } from './slow.mjs';

const MEASUREMENTS = { silence, comeBack, slow };

for await (const line of createInterface({ input: process.stdin })) {
  const { what, ...options } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await MEASUREMENTS[what](options))}\n`);
}
process.exit();
