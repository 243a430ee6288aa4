import { thisRuntime } from './this-runtime.ts';

// Runs before every test file. A worker started on another runtime than the one asked for would pass
// the same tests and prove nothing.
const expected = process.env.EXPECT_RUNTIME;
const actual = thisRuntime();

if (actual !== expected) {
  throw new Error(`Cannot test on "${expected}": this worker runs on "${actual}"`);
}
