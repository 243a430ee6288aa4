import type { TxStep } from '../../src/backend/transact/index.ts';
import type { Mode } from '../../src/backend/transact/tx-steps.ts';
import type { Attr } from '../../src/protocol/attr.ts';
import { ServerError } from '../../src/protocol/error.ts';
import { isObject, type JsonValue } from '../../src/protocol/json.ts';

// Some sources call the server's transactions below the grammar that every client passes. So do these: the steps are
// handed on as they are, malformed attributes among them.

/** Whether steps were refused because they do not fit the grammar of the wire, and for nothing else. */
export function isGrammarRefusal(error: unknown): boolean {
  if (!(error instanceof ServerError) || !isObject(error.hint)) return false;
  return error.hint['data-type'] === 'tx-steps' && error.message === 'Validation failed for tx-steps';
}

/** Steps as written, as the engine takes them; nothing is checked. */
export function rawSteps(steps: unknown): TxStep[] {
  return (steps as unknown[][]).map(rawStep);
}

function rawStep([op, ...rest]: unknown[]): TxStep {
  switch (op) {
    case 'add-attr':
      return { op, attr: rawAttr(rest[0] as Partial<Attr>) };
    case 'update-attr':
      return { op, update: rest[0] } as TxStep;
    case 'delete-attr':
    case 'restore-attr':
      return { op, id: rest[0] } as TxStep;
    case 'delete-entity':
      return { op, e: rest[0], etype: rest[1] } as TxStep;
    case 'rule-params':
      return { op, e: rest[0], etype: rest[1], params: rest[2] } as TxStep;
    default: {
      const [e, a, v, options] = rest as [string, string, JsonValue, { mode?: Mode }?];
      return { op, e, a, v: v ?? null, mode: options?.mode } as TxStep;
    }
  }
}

function rawAttr(attr: Partial<Attr>): Attr {
  return {
    'value-type': 'blob',
    cardinality: 'one',
    ...attr,
    'unique?': attr['unique?'] ?? false,
    'index?': attr['index?'] ?? false,
    'required?': attr['required?'] ?? false,
    catalog: 'user',
    'inferred-types': null,
  } as Attr;
}
