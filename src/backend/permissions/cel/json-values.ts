import type { ASTNode, Environment } from '@marcbachmann/cel-js';
import { loseOnServer } from './failures.ts';
import { eachNode } from './syntax.ts';
import { isJsonList, isJsonMap } from './values.ts';

type Apply = (left: unknown, right: unknown, node: Binary, evaluator: unknown) => unknown;

/** A binary operator node of the evaluator after type checking. */
interface Binary {
  readonly op: string;
  handle: Apply;
}

const isMap = (value: unknown): boolean =>
  value instanceof Map || Object.getPrototypeOf(value) === Object.prototype;

/** What the server cannot do with JSON, by operator. */
const LOST: Readonly<Record<string, { does: string; isLost(left: unknown, right: unknown): boolean }>> = {
  '[]': { does: 'take one item of a list of JSON', isLost: isJsonList },
  '+': {
    does: 'join a list of JSON to another',
    isLost: (left, right) => isJsonList(left) || isJsonList(right),
  },
  '==': { does: 'compare two maps of JSON', isLost: areJsonMaps },
  '!=': { does: 'compare two maps of JSON', isLost: areJsonMaps },
};

function areJsonMaps(left: unknown, right: unknown): boolean {
  return (
    (isJsonMap(left) && isObject(right) && isMap(right)) ||
    (isJsonMap(right) && isObject(left) && isMap(left))
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Makes operators fail on JSON where they do on Instant's server. Call it after type checking. */
export function loseWhatServerLoses(root: ASTNode): void {
  eachNode(root, (node) => {
    const lost = Object.hasOwn(LOST, node.op) ? LOST[node.op] : undefined;
    if (!lost) return;
    const binary = node as unknown as Binary;
    const apply = binary.handle;
    binary.handle = (left, right, self, evaluator) =>
      lost.isLost(left, right) ? loseOnServer(lost.does) : apply(left, right, self, evaluator);
  });
}

/** `size` for strings, bytes, and lists and maps that are not JSON, such as literals and the results of `ref`. */
export function addSize(environment: Environment): void {
  const add = (type: string, size: (value: never) => number): void => {
    const handler = (value: never): bigint => BigInt(size(value));
    environment.registerFunction(`knownSize(${type}): int`, handler, { async: false });
    environment.registerFunction(`${type}.knownSize(): int`, handler, { async: false });
  };
  add('string', (text: string) => [...text].length);
  add('bytes', (bytes: Uint8Array) => bytes.length);
  add('list', (list: unknown[]) => (isJsonList(list) ? loseOnServer('count a list of JSON') : list.length));
  add('map', (map: object) => (isJsonMap(map) ? loseOnServer('count a map of JSON') : sizeOf(map)));
}

function sizeOf(map: object): number {
  return map instanceof Map ? map.size : Object.keys(map).length;
}
