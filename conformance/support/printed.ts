import { format, inspect, types } from 'node:util';

/** The runtime's own way to show a value, which its console goes by. */
interface Inspecting {
  inspect(value: unknown, options?: object): string;
}

const EVERYTHING = {
  depth: Number.POSITIVE_INFINITY,
  showHidden: true,
  maxArrayLength: null,
  maxStringLength: null,
} as const;

/** Every way in which a program prints a value, whatever it thinks of. */
const PRINTERS: Readonly<Record<string, (value: unknown) => string>> = {
  inspect: (value) => inspect(value),
  'inspect of all there is': (value) => inspect(value, EVERYTHING),
  'inspect of all there is, as it is': (value) => inspect(value, { ...EVERYTHING, customInspect: false }),
  'inspect of proxies': (value) => inspect(value, { ...EVERYTHING, showProxy: true, customInspect: false }),
  '%o': (value) => format('%o', value),
  '%O': (value) => format('%O', value),
  '%j': (value) => format('%j', value),
  '%s': (value) => format('%s', value),
  'JSON.stringify': (value) => orRefusal(() => JSON.stringify(value) ?? ''),
  spread: (value) => inspect(spread(value), EVERYTHING),
  'JSON.stringify of a spread': (value) => orRefusal(() => JSON.stringify(spread(value)) ?? ''),
  entries: (value) => inspect(Object.entries(Object(value)), EVERYTHING),
  String: (value) => orRefusal(() => String(value)),
  ...ofRuntime('Bun', { depth: 1_000 }),
  ...ofRuntime('Deno', { ...EVERYTHING, iterableLimit: 1_000, strAbbreviateSize: 1_000_000 }),
};

function ofRuntime(name: 'Bun' | 'Deno', options: object): typeof PRINTERS {
  const own = (globalThis as Record<string, unknown>)[name] as Inspecting | undefined;
  if (!own) return {};
  return {
    [`${name}.inspect`]: (value) => own.inspect(value),
    [`${name}.inspect of all there is`]: (value) => own.inspect(value, options),
    [`${name}.inspect of a spread`]: (value) => own.inspect(spread(value), options),
  };
}

/** What each of the {@link PRINTERS} makes of `value`. */
export function printed(value: unknown): { how: string; text: string }[] {
  return Object.entries(PRINTERS).map(([how, print]) => ({ how, text: print(value) }));
}

/** The names of the `secrets` that one of `value`'s printings shows, each with where: `"adminToken" by %o of db.auth`. */
export function shownIn(
  what: string,
  value: unknown,
  secrets: Readonly<Record<string, string | undefined>>,
): string[] {
  const found = printed(value).flatMap(({ how, text }) =>
    namesIn(text, secrets).map((name) => `"${name}" by ${how} of ${what}`),
  );
  const held = textsIn(value).flatMap(({ path, text }) =>
    namesIn(text, secrets).map((name) => `"${name}" in ${what}${path}`),
  );
  return [...new Set([...found, ...held])];
}

/** The names of the `secrets` that any of `value`'s printings shows. */
export function namesShownBy(
  value: unknown,
  secrets: Readonly<Record<string, string | undefined>>,
): string[] {
  const texts = [...printed(value), ...textsIn(value)].map(({ text }) => text);
  return Object.keys(secrets).filter((name) => texts.some((text) => namesIn(text, secrets).includes(name)));
}

function namesIn(text: string, secrets: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) => {
    if (secret === undefined || secret === '')
      throw new TypeError(`There is no secret "${name}" to look for`);
    return text.includes(secret) ? [name] : [];
  });
}

/**
 * Every text that a walk over properties reaches from `value`, hidden and inherited ones, keys, maps and sets among
 * them. Accessors are not called: what a call gives is its result.
 */
function textsIn(value: unknown): { path: string; text: string }[] {
  const texts: { path: string; text: string }[] = [];
  const seen = new Set<unknown>();
  const waiting: { path: string; value: unknown }[] = [{ path: '', value }];
  for (let at = waiting.pop(); at; at = waiting.pop()) {
    const { path, value: here } = at;
    if (typeof here === 'string') texts.push({ path, text: here });
    if ((typeof here !== 'object' && typeof here !== 'function') || here === null || seen.has(here)) continue;
    seen.add(here);
    for (const key of Reflect.ownKeys(here)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(here, key);
      texts.push({ path, text: String(key) });
      if (descriptor && 'value' in descriptor) {
        waiting.push({ path: `${path}.${String(key)}`, value: descriptor.value });
      }
    }
    waiting.push({ path: `${path}.__proto__`, value: Reflect.getPrototypeOf(here) });
    if (types.isMap(here))
      for (const [key, one] of here) waiting.push({ path, value: key }, { path, value: one });
    if (types.isSet(here)) for (const one of here) waiting.push({ path, value: one });
  }
  return texts;
}

function spread(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? { ...value } : value;
}

/** What printing makes of a value, or of the refusal: a value with a cycle is no JSON, and the error's text is seen. */
function orRefusal(print: () => string): string {
  try {
    return print();
  } catch (error) {
    return String(error);
  }
}
