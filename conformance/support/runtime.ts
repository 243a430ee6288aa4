import { type TestRuntime, thisRuntime } from '../../runtimes/this-runtime.ts';

/** The runtime that these tests run on. */
export const runtime: TestRuntime = thisRuntime();
