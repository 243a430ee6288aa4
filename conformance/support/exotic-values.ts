import type { Random } from './random.ts';

/** Names that mean something to a program that looks for them on an object, or to a format. */
export const exoticKeys: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  'toJSON',
  'then',
  'length',
  'name',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  'get',
  'size',
  '',
  '0',
  '1',
  '-1',
  '4294967295',
  '$',
  '$in',
  '$not',
  '$isNull',
  'in',
  'or',
  'a.b',
  '?x-0',
  'id',
  'lookup__id__1',
  '\u0000',
  '\ud800',
  'k\udfff',
  '\u2028',
  '"\\',
];

/** What JSON can hold and programs do not expect. */
const exoticLeaves: readonly string[] = [
  'null',
  'true',
  '0',
  '-1',
  '1e300',
  '5e-324',
  '""',
  '"constructor"',
  '"toString"',
  '"__proto__"',
  '"?goals-0"',
  '"lookup__id__1"',
  '"\\u0000"',
  '"\\ud800"',
  '"2026-02-30"',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"hasOwnProperty":1}',
  '{"__proto__":{"polluted":1}}',
  '{"__proto__":null}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"toString":1,"valueOf":1}',
  '{"toJSON":{"a":1},"then":1}',
  '{"$in":null}',
  '{"$not":{"hasOwnProperty":1}}',
  '{"length":-1}',
];

/** What else a text may be made of. */
interface ExoticOptions {
  /** Without NUL and halves of surrogates, which Postgres refuses, whose jsonb servers keep values in. */
  keepable?: boolean;
  /** The deepest that it nests, and the longest key it has. */
  depth?: number;
}

/** A random JSON text: objects with exotic keys, in and beside each other. */
export function exoticText(random: Random, options: ExoticOptions = {}): string {
  const { depth = 20_000, keepable = false } = options;
  const kind = random.below(200);
  const text =
    kind === 0
      ? nested(random, 1 + random.below(depth))
      : kind === 1
        ? `{${JSON.stringify('k'.repeat(1 + random.below(200_000)))}:1}`
        : grown(random, 3);
  return keepable && !isKeepable(text) ? exoticText(random, options) : text;
}

/** One of {@link exoticKeys}. */
export function exoticKey(random: Random): string {
  return random.below(50) === 0 ? 'k'.repeat(1 + random.below(2_000)) : random.pick(exoticKeys);
}

/** Whether a server keeps a text in Postgres: jsonb takes no NUL, and no half of a surrogate pair. */
export function isKeepable(text: string): boolean {
  return !text.includes('\\u0000') && !text.includes('\\ud') && !text.includes('\u0000') && isWhole(text);
}

function isWhole(text: string): boolean {
  return new TextDecoder().decode(new TextEncoder().encode(text)) === text;
}

function grown(random: Random, levels: number): string {
  if (levels === 0 || random.below(3) === 0) return random.pick(exoticLeaves);
  const parts = Array.from({ length: random.below(4) }, () => grown(random, levels - 1));
  if (random.below(3) === 0) return `[${parts.join(',')}]`;
  const entries = new Map(parts.map((part) => [exoticKey(random), part]));
  return `{${[...entries].map(([key, part]) => `${JSON.stringify(key)}:${part}`).join(',')}}`;
}

function nested(random: Random, depth: number): string {
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"__proto__":', '}'],
    ['{"hasOwnProperty":', '}'],
  ] as const);
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
}

/** Whether two JSON values are the same to the last own key, without recursion; the order of keys counts not. */
export function isSameJson(a: unknown, b: unknown): boolean {
  const open: [unknown, unknown][] = [[a, b]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [left, right] = next;
    if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) {
      if (left !== right) return false;
      continue;
    }
    if (Array.isArray(left) !== Array.isArray(right)) return false;
    const keys = Reflect.ownKeys(left).sort(byText);
    const others = Reflect.ownKeys(right).sort(byText);
    if (keys.length !== others.length || keys.some((key, index) => key !== others[index])) return false;
    for (const key of keys) {
      if (key !== 'length') open.push([left[key as never], right[key as never]]);
    }
  }
  return true;
}

function byText(a: string | symbol, b: string | symbol): number {
  const [left, right] = [String(a), String(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Everything that can be reached from any object, to be the same afterwards. */
const SHARED: readonly object[] = [
  Object,
  Object.prototype,
  Array.prototype,
  Function.prototype,
  String.prototype,
  Number.prototype,
  Boolean.prototype,
  Map.prototype,
  Promise.prototype,
  ...Object.getOwnPropertyNames(Object.prototype)
    .map((name) => Object.getOwnPropertyDescriptor(Object.prototype, name)?.value as unknown)
    .filter((value): value is object => typeof value === 'function'),
];

/** Takes note of what all objects share. Gives what tells whether it has been changed, by name. */
export function watchShared(): () => string[] {
  const keysOf = (object: object): string[] => Reflect.ownKeys(object).map(String);
  const before = SHARED.map(keysOf);
  return () =>
    SHARED.flatMap((object, index) => keysOf(object).filter((key) => !before[index]?.includes(key)));
}
