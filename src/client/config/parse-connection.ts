import { invalidOption, refusedOption } from '../../invalid-option.ts';
import { hintAt } from '../../nearest.ts';
import { isObject } from '../../protocol/json.ts';
import { type ConnectionConfig, connectionDefaults, type ResolvedConnection } from './connection-config.ts';
import { parseWays } from './parse-ways.ts';

/** The longest time that a timer accepts. */
const LONGEST_MS = 2 ** 31 - 1;

const OTHERS: Record<Exclude<keyof ConnectionConfig, keyof typeof connectionDefaults>, true> = {
  maxMessageBytes: true,
  whenQueueFull: true,
  headers: true,
  proxy: true,
  tls: true,
  WebSocket: true,
};
const NAMES: readonly string[] = [...Object.keys(connectionDefaults), ...Object.keys(OTHERS)];

/** Parses the option `connection`. */
export function parseConnection(value: unknown): ResolvedConnection {
  if (value !== undefined && !isObject(value)) throw refusedOption('connection', value, 'an object');
  const given: Record<string, unknown> = value ?? {};
  for (const name of Object.keys(given)) {
    if (NAMES.includes(name)) continue;
    throw invalidOption(`there is no option "connection.${name}"`, hintAt(name, NAMES));
  }
  const numbers = Object.entries(connectionDefaults).map(([name, normal]) => [
    name,
    number(name, given[name]) ?? normal,
  ]);
  return {
    ...(Object.fromEntries(numbers) as typeof connectionDefaults),
    maxMessageBytes: number('maxMessageBytes', given.maxMessageBytes),
    whenQueueFull: whenQueueFull(given.whenQueueFull),
    ...parseWays(given),
  };
}

function number(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const most = name.endsWith('Ms') ? LONGEST_MS : Number.MAX_SAFE_INTEGER;
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most) return Number(value);
  const wanted = name.endsWith('Ms') ? `milliseconds from 1 to ${most}` : 'a whole number from 1';
  throw refusedOption(`connection.${name}`, value, wanted);
}

function whenQueueFull(value: unknown): 'reject' | 'wait' {
  if (value === undefined) return 'reject';
  if (value === 'reject' || value === 'wait') return value;
  throw refusedOption('connection.whenQueueFull', value, '"reject" or "wait"');
}
