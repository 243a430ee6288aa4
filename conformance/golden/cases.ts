import type { JsonValue } from '../../src/protocol/json.ts';
import type { QueryExpectation } from './compare-answer.ts';
import type { Cursors } from './cursors.ts';
import type { GoldenCase } from './fixture.ts';
import type { ErrorExpectation, TxExpectation } from './tx-expectations.ts';

/** A case of `query-cases.json`. */
export interface QueryCase extends GoldenCase {
  query: unknown;
  permissions: 'not-involved' | 'enforced';
  inference?: boolean;
  /** The permission rules in force; none where they are null or missing. */
  rules?: JsonValue;
  cursors?: Cursors;
  expect: QueryExpectation & {
    sameAs?: { query: unknown; ordered: boolean };
    error?: ErrorExpectation;
  };
}

/** A case of `tx-cases.json`. */
export interface TxCase extends GoldenCase {
  api?: 'admin';
  steps: unknown;
  rules?: JsonValue;
  expect: TxExpectation;
}

/** The user's own transactions run as nobody, unless the source calls below the permission layer. */
export function isAdmin({ auth, via }: TxCase): boolean {
  return auth?.admin === true || via === 'raw';
}

/** The type of an error that the source's storage makes up is not part of the contract. */
export function expectedError(expected: ErrorExpectation, { flags = [] }: TxCase): ErrorExpectation {
  const { type, ...rest } = expected;
  return flags.includes('storage-specific-error') || type === undefined ? rest : { type, ...rest };
}
