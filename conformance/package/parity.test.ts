import { fileURLToPath } from 'node:url';
import * as core from '@instantdb/core';
import { describe, expect, test } from 'vitest';
import * as bun from '../../src/bun.ts';
import * as deno from '../../src/deno.ts';
import * as detected from '../../src/index.ts';
import * as node from '../../src/node.ts';
import { exportedTypes } from './exported-types.ts';

/** Core's names that mean something of ours: the same signature, on a server. */
const REPLACED = ['init', 'init_experimental'];
/** Core's values that have types of ours. */
const RETYPED = ['i'];
/** What this package adds to core's values. */
const ADDED = [
  'InstantNodeDatabase',
  'InstantNodeError',
  'isInstantNodeError',
  'isServerRefusal',
  'nodeVersion',
];

const entries: Record<string, Record<string, unknown>> = { node, bun, deno, index: detected };
const coreValues = core as Record<string, unknown>;

describe.each(Object.keys(entries))('entry %s', (name) => {
  const entry = entries[name] ?? {};

  test('exports every value of core, the very same one but for init', () => {
    for (const [key, value] of Object.entries(coreValues)) {
      if (REPLACED.includes(key)) {
        expect({ key, type: typeof entry[key] }).toEqual({ key, type: 'function' });
        expect(entry[key]).not.toBe(value);
      } else {
        expect(entry, `core exports ${key}`).toHaveProperty(key);
        expect(entry[key] === value, `${key} is core's own`).toBe(true);
      }
    }
  });

  test('adds nothing to core but what is listed', () => {
    const added = Object.keys(entry).filter((key) => !(key in coreValues));
    expect(added.sort()).toEqual([...ADDED].sort());
  });
});

describe('types', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const coreTypes = `${root}node_modules/@instantdb/core/dist/esm/index.d.ts`;
  const entryFiles = Object.keys(entries).map((name) => `${root}src/${name}.ts`);
  const types = exportedTypes([coreTypes, ...entryFiles]);
  const expected = types.of(coreTypes);

  test('core has the types that this test is about', () => {
    expect(expected.size).toBeGreaterThan(100);
    expect([...expected.keys()]).toContain('InstaQLResponse');
  });

  test.each(entryFiles)('%s exports every type of core, the very same one but for init and i', (file) => {
    const actual = types.of(file);
    for (const [name, symbol] of expected) {
      expect(actual.has(name), `core exports ${name}`).toBe(true);
      if ([...REPLACED, ...RETYPED].includes(name)) continue;
      expect(actual.get(name) === symbol, `${name} is core's own`).toBe(true);
    }
  });
});

describe('the database', () => {
  /** Core's members that a user can reach, and that ours must have under the same name. */
  const members = Object.getOwnPropertyNames(core.InstantCoreDatabase.prototype);

  test("is core's, extended", () => {
    expect(node.InstantNodeDatabase.prototype).toBeInstanceOf(core.InstantCoreDatabase);
    for (const member of members) expect(node.InstantNodeDatabase.prototype).toHaveProperty(member);
  });
});
