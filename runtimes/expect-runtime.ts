// Runs before every test file. A worker started on another runtime than the one asked for would pass
// the same tests and prove nothing.
const expected = process.env.EXPECT_RUNTIME;
const actual = 'Bun' in globalThis ? 'bun' : 'Deno' in globalThis ? 'deno' : nodeName();

function nodeName(): string {
  return `node${process.versions.node.split('.')[0]}`;
}

if (actual !== expected) {
  throw new Error(`Cannot test on "${expected}": this worker runs on "${actual}"`);
}
