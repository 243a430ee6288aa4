import { expect, test } from 'vitest';
import { isInstantNodeError } from '../errors.ts';
import { detectRuntime, runtimeVersion } from './detect.ts';

test('detectRuntime() asks the impostors first', () => {
  const node = { process: { versions: { node: '20.0.0' } } };
  expect(detectRuntime(node)).toBe('node');
  expect(detectRuntime({ ...node, Deno: {} })).toBe('deno');
  expect(detectRuntime({ ...node, Bun: {} })).toBe('bun');
});

test('detectRuntime() names a host that is none of the three', () => {
  let error: unknown;
  try {
    detectRuntime({ window: {} });
  } catch (thrown) {
    error = thrown;
  }
  expect(isInstantNodeError(error, 'unsupported-runtime')).toBe(true);
});

test('runtimeVersion() is the version of the runtime itself, not of the Node it imitates', () => {
  const process = { versions: { node: '20.0.0' } };
  expect(runtimeVersion({ process })).toBe('20.0.0');
  expect(runtimeVersion({ process, Bun: { version: '1.4.5' } })).toBe('1.4.5');
  expect(runtimeVersion({ process, Deno: { version: { deno: '2.9.6' } } })).toBe('2.9.6');
  expect(runtimeVersion()).toMatch(/^\d+\.\d+/);
});
