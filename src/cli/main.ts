#!/usr/bin/env node
import { run } from './run.ts';

void run(process.argv.slice(2)).then((code) => {
  // Whatever is still open ends first: the process is not cut short.
  process.exitCode ??= code;
});
