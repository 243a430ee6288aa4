import { expect, test } from 'vitest';
import { isInstantNodeError } from '../errors.ts';
import { detectRuntime } from './detect.ts';

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
