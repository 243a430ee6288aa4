#!/usr/bin/env node
import { run } from './run.ts';

// Not an `await` at the top: this file is built as CommonJS too.
void run(process.argv.slice(2)).then((code) => {
  // Whatever is still open ends first: the process is not cut short.
  process.exitCode ??= code;
});
