import type { Environment } from '@marcbachmann/cel-js';
import { charge } from './meter.ts';
import { chargeSearch } from './search-functions.ts';
import { fromCel } from './values.ts';

/** What `strings.` stands for. */
class StringsNamespace {}

/** How long a text may get that a rule makes. */
const MAX_TEXT = 1_000_000;

/** CEL's extension for strings, where the evaluator does not have it. */
export function addStringFunctions(environment: Environment): void {
  const add = (signature: string, handler: (...args: never[]) => unknown): void => {
    environment.registerFunction(signature, handler, { async: false });
  };
  add('string.charAt(int): string', charAt);
  add('string.reverse(): string', (text: string) => [...text].reverse().join(''));
  add('string.replace(string, string): string', (text: string, from: string, to: string) =>
    replace(text, from, to, -1n),
  );
  add('string.replace(string, string, int): string', replace);
  add('string.format(list): string', format);
  environment.registerType('StringsNamespace', StringsNamespace);
  environment.registerConstant('strings', 'StringsNamespace', new StringsNamespace());
  add('StringsNamespace.quote(string): string', (_: StringsNamespace, text: string) => JSON.stringify(text));
  add('string(google.protobuf.Timestamp): string', (time: Date) => time.toISOString());
}

function charAt(text: string, index: bigint): string {
  if (index < 0n || index > BigInt(text.length))
    throw new RangeError(`charAt(): index ${index} is out of range`);
  return text.charAt(Number(index));
}

/** Replaces the first `limit` places; all of them where it is negative. */
function replace(text: string, from: string, to: string, limit: bigint): string {
  chargeSearch(text, from);
  const parts = text.split(from);
  charge(parts.length >> 2);
  const count = limit < 0n ? parts.length - 1 : Math.min(Number(limit), parts.length - 1);
  if (text.length + count * to.length > MAX_TEXT) throw new RangeError('replace(): the result is too long');
  const rest = parts.slice(count).join(from);
  return count === 0 ? rest : [...parts.slice(0, count), rest].join(to);
}

/** `%s`, `%d`, `%f`, `%.2f`, `%e`, `%b`, `%x`, `%X`, `%o` and `%%`. */
const VERB = /%(?:\.(\d{1,2}))?([sdfebxXo%])/g;

function format(pattern: string, values: readonly unknown[]): string {
  let next = 0;
  return pattern.replace(VERB, (_, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    if (next >= values.length) throw new RangeError(`format(): index ${next} is out of range`);
    return formatOne(verb, values[next++], precision === undefined ? 6 : Number(precision));
  });
}

function formatOne(verb: string, value: unknown, precision: number): string {
  switch (verb) {
    case 's':
      return typeof value === 'string' ? value : showValue(value);
    case 'f':
      return Number(value).toFixed(precision);
    case 'e':
      return Number(value).toExponential(precision);
    case 'd':
      return integerOf(verb, value).toString();
    case 'b':
      return typeof value === 'boolean' ? (value ? '1' : '0') : integerOf(verb, value).toString(2);
    case 'o':
      return integerOf(verb, value).toString(8);
    case 'X':
      return integerOf(verb, value).toString(16).toUpperCase();
    default:
      return integerOf(verb, value).toString(16);
  }
}

function integerOf(verb: string, value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  throw new TypeError(`format(): %${verb} takes an integer`);
}

function showValue(value: unknown): string {
  const json = fromCel(value);
  return typeof json === 'string' ? json : JSON.stringify(json);
}
