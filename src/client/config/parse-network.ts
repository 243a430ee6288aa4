import type { NetworkListenerClass } from '../../drivers/contract.ts';
import { classSource } from '../../drivers/network/class-source.ts';
import type { NetworkKinds } from '../../drivers/network/index.ts';
import { networkDefaults } from '../../drivers/network/network-config.ts';
import type { NetworkKind, NetworkRequest, NetworkSource } from '../../drivers/network/network-kind.ts';
import { invalidOption, refusedOption } from '../../invalid-option.ts';
import { hintAt } from '../../nearest.ts';
import { isObject } from '../../protocol/json.ts';

/** The longest time that a timer accepts. */
const LONGEST_MS = 2 ** 31 - 1;

type Given = Readonly<Record<string, unknown>>;
type Place = Pick<NetworkRequest, 'apiURI' | 'ways'>;

/** Parses the option `network`, of a database whose server is at `place`. */
export function parseNetwork(
  value: unknown = 'always-online',
  kinds: NetworkKinds,
  place: Place,
): NetworkSource {
  if (isListener(value)) return classSource(value);
  if (isObject(value) && value.use !== undefined) return withOptions(value, kinds, place);
  const kind = kindOf(value, kinds);
  if (kind) return kind.source({ ...networkDefaults, ...place, url: undefined });
  const names = Object.keys(kinds).map((name) => `"${name}"`);
  const others = 'an object with the option use, or a class with the static functions getIsOnline and listen';
  throw refusedOption('network', value, `${names.join(', ')}, ${others}`);
}

function isListener(value: unknown): value is NetworkListenerClass {
  const { getIsOnline, listen } = Object(value) as Partial<NetworkListenerClass>;
  return typeof getIsOnline === 'function' && typeof listen === 'function';
}

const kindOf = (name: unknown, kinds: NetworkKinds): NetworkKind | undefined =>
  typeof name === 'string' && Object.hasOwn(kinds, name) ? kinds[name as keyof NetworkKinds] : undefined;

function withOptions(given: Given, kinds: NetworkKinds, place: Place): NetworkSource {
  const kind = kindOf(given.use, kinds);
  if (!kind || kind.options.length === 0) {
    const names = Object.entries(kinds).filter(([, { options }]) => options.length > 0);
    throw refusedOption('network.use', given.use, names.map(([name]) => `"${name}"`).join(' or '));
  }
  const known = ['use', ...kind.options];
  for (const name of Object.keys(given)) {
    if (given[name] === undefined || known.includes(name)) continue;
    if (name === 'url') {
      throw invalidOption(`option "network.url" is given, expected none: "${given.use}" asks for no URL`);
    }
    throw invalidOption(`there is no option "network.${name}"`, hintAt(name, known));
  }
  return kind.source({
    ...place,
    url: url(given.url),
    intervalMs: whole(given, 'intervalMs', LONGEST_MS),
    timeoutMs: whole(given, 'timeoutMs', LONGEST_MS),
    threshold: whole(given, 'threshold', Number.MAX_SAFE_INTEGER),
  });
}

function whole(given: Given, name: keyof typeof networkDefaults, most: number): number {
  const value = given[name];
  if (value === undefined) return networkDefaults[name];
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most) return Number(value);
  const wanted = name.endsWith('Ms') ? `milliseconds from 1 to ${most}` : 'a whole number from 1';
  throw refusedOption(`network.${name}`, value, wanted);
}

function url(value: unknown): URL | undefined {
  if (value === undefined) return undefined;
  const wanted = 'a URL that starts with http:// or https://';
  const parsed = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  const isRight = parsed !== undefined && ['http:', 'https:'].includes(parsed.protocol);
  if (isRight && !parsed.username && !parsed.password) {
    parsed.hash = '';
    return parsed;
  }
  // What holds, or may hold, a secret is not shown.
  if (typeof value === 'string' && /[@?]/.test(value)) {
    throw invalidOption(
      `option "network.url" cannot be used, expected ${wanted}, without a user name or password`,
    );
  }
  throw refusedOption('network.url', value, wanted);
}
