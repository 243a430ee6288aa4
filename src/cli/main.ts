#!/usr/bin/env node
import { run } from './run.ts';

void run(process.argv.slice(2)).then((code) => {
  // Not `process.exit()`: anything still open ends first.
  process.exitCode ??= code;
});
