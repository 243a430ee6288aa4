import { isObject, type JsonValue } from '../../protocol/json.ts';
import { isUuid } from '../../protocol/uuid.ts';
import { checkName, type GrammarContext, type QueryPath, queryError } from './grammar.ts';
import { parseWhere } from './parse-where.ts';
import type { Cursor, FormOptions } from './query-form.ts';

const KNOWN: ReadonlySet<string> = new Set([
  'where',
  'order',
  'limit',
  'first',
  'last',
  'offset',
  'before',
  'after',
  'beforeInclusive',
  'afterInclusive',
  'aggregate',
  'fields',
]);

/** The position of a form in its query. */
export interface FormPlace {
  /** The labels down to the form. */
  path: readonly string[];
  /** The same as indexes into the parsed forms, which is how the server locates a malformed value. */
  spec: QueryPath;
}

class OptionsReader {
  readonly #context: GrammarContext;
  readonly #options: Record<string, unknown>;
  readonly #place: FormPlace;

  constructor(context: GrammarContext, options: Record<string, unknown>, place: FormPlace) {
    this.#context = context;
    this.#options = options;
    this.#place = place;
  }

  get path(): (string | number)[] {
    return [...this.#place.path, '$'];
  }

  /** An option's value; null counts as absent. */
  given(name: string): unknown {
    return Object.hasOwn(this.#options, name) ? (this.#options[name] ?? undefined) : undefined;
  }

  /** The value of an option for which false counts as absent too, as for most options on the server. */
  value(name: string): unknown {
    const value = this.given(name);
    return value === false ? undefined : value;
  }

  fail(expected: string, message?: string, ...at: string[]): never {
    const issue = { expected, in: [...this.path, ...at] };
    throw queryError(this.#context.query, message === undefined ? issue : { ...issue, message });
  }

  where(): FormOptions['where'] {
    const where = this.given('where');
    if (where === undefined) return undefined;
    const conditions = parseWhere(this.#context, where, this.path, this.#place.spec);
    return conditions.length > 0 ? conditions : undefined;
  }

  order(): FormOptions['order'] {
    const order = this.given('order');
    if (order === undefined) return undefined;
    if (!isObject(order)) return this.fail('map?', undefined, 'order');
    const [entry, ...others] = Object.entries(order);
    if (!entry) return undefined;
    if (others.length > 0) {
      const message = `We only support a single key in the \`order\` clause. Got ${Object.keys(order).join(',')}.`;
      return this.fail('single-key?', message, 'order');
    }
    const [label, direction] = entry;
    if (direction === 'asc' || direction === 'desc') return { label, direction };
    const message = `We only support "asc" or "desc" in the \`order\` clause. Got ${JSON.stringify(direction)}.`;
    return this.fail('valid-direction?', message, 'order', label);
  }

  integer(name: 'limit' | 'first' | 'last' | 'offset'): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const least = name === 'offset' ? 0 : 1;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
    const kind = name === 'offset' ? 'a non-negative' : 'a positive';
    const message = `The ${name} field must be ${kind} integer. Got ${JSON.stringify(value)}.`;
    return this.fail('supported-options?', message, name);
  }

  cursor(name: 'before' | 'after'): Cursor | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const refuse = (message: string): never => this.fail('join-row?', message, name);
    if (!Array.isArray(value))
      return refuse(`Expected a join row for the cursor, got ${JSON.stringify(value)}.`);
    if (value.length !== 3 && value.length !== 4) {
      return refuse(`Expected a join row with 4 items for the cursor, got ${JSON.stringify(value)}.`);
    }
    const [e, a, v, t] = value as [unknown, unknown, JsonValue, unknown];
    if (!isUuid(a)) {
      return refuse(
        `Expected a join row with a uuid attribute id in the second position, got ${JSON.stringify(a)}.`,
      );
    }
    const hasTime = t !== undefined && t !== null && t !== false;
    if (hasTime && !Number.isSafeInteger(t)) {
      return refuse(
        `Expected a join row with an integer created_at in the last position, got ${JSON.stringify(t)}.`,
      );
    }
    // The server's messages permit three items, but none of its endpoints accepts them.
    if (!hasTime || !isUuid(e)) {
      this.malformed(checkName('cursor-conformer'), name);
      return undefined;
    }
    return { e: e.toLowerCase(), a: a.toLowerCase(), v, t: t as number };
  }

  inclusive(name: 'beforeInclusive' | 'afterInclusive'): boolean {
    const value = this.given(name) ?? false;
    return typeof value === 'boolean' ? value : this.fail('boolean?', undefined, name);
  }

  aggregate(): FormOptions['aggregate'] {
    const value = this.value('aggregate');
    if (value === undefined || value === 'count') return value;
    const message = `The aggregate field only accepts "count", got ${JSON.stringify(value)}.`;
    return this.fail('supported-options?', message, 'aggregate');
  }

  fields(): FormOptions['fields'] {
    const value = this.value('fields');
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) {
      return this.fail('array?', 'The `fields` property should be an array of field names.', 'fields');
    }
    const wrong = value.findLastIndex((field) => typeof field !== 'string');
    if (wrong >= 0) this.malformed('string?', 'fields', wrong);
    return value;
  }

  assertKnown(): void {
    if (Object.keys(this.#options).every((name) => KNOWN.has(name))) return;
    this.fail(
      'supported-options?',
      'We only support `where`, `order`, `limit`, `offset`, `before`, and `after` clauses.',
    );
  }

  malformed(expected: string, ...at: (string | number)[]): void {
    this.#context.malformed.push({ expected, in: [...this.#place.spec, 'option-map', ...at] });
  }
}

/** Parses the `$` of a form; errors are worded like the server's. */
// Longer than 40 lines because it is a list: one step per option, in the order in which the server checks them.
export function parseOptions(
  context: GrammarContext,
  options: Record<string, unknown>,
  place: FormPlace,
): FormOptions {
  const read = new OptionsReader(context, options, place);
  const where = read.where();
  const order = read.order();
  const limit = read.integer('limit');
  const first = read.integer('first');
  const last = read.integer('last');
  const offset = read.integer('offset');
  const after = read.cursor('after');
  const afterInclusive = read.inclusive('afterInclusive');
  const before = read.cursor('before');
  const beforeInclusive = read.inclusive('beforeInclusive');
  const aggregate = read.aggregate();
  const fields = read.fields();
  read.assertKnown();
  if (place.path.length > 1 && (offset !== undefined || after || before)) {
    read.fail(
      'supported-options?',
      'We currently only support `offset`, `before`, and `after` clauses on the top-level field. Limit fields will be ignored',
    );
  }
  const limits = Object.entries({ limit, first, last }).filter(([, value]) => value !== undefined);
  if (limits.length > 1) {
    read.fail(
      'supported-options?',
      `Only provide one of ${limits.map(([name]) => `\`${name}\``).join(' or ')}.`,
    );
  }
  return {
    where,
    order,
    limit: limit ?? first,
    last,
    offset,
    after,
    afterInclusive,
    before,
    beforeInclusive,
    aggregate,
    fields,
  };
}
