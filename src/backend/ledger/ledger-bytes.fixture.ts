// Measures the memory of a ledger's entries in a process that has nothing else: prints a line of JSON, `[count, size,
// bytes]`, for each count given. For tests.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { random } from '../../../conformance/support/random.ts';
import { Ledger } from './ledger.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of typed arrays in use. A collection may free memory concurrently, but at the latest before the next one. */
function arrayBytes(): number {
  for (let before = Number.POSITIVE_INFINITY; ; ) {
    collect();
    const now = process.memoryUsage().arrayBuffers;
    if (now >= before) return now;
    before = now;
  }
}

const [seed = 0, ...counts] = process.argv.slice(2).map(Number);
const chance = random(seed);
const word = (): number => Math.floor(chance() * 2 ** 32);
const before = arrayBytes();
const ledger = new Ledger();
let counted = 0;
for (const count of counts) {
  for (; counted < count; counted++) ledger.record([word(), word(), word(), word()], counted);
  console.log(JSON.stringify([count, ledger.size, arrayBytes() - before]));
}
