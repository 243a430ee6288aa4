import type { QueryExpectation } from './compare-answer.ts';
import type { GoldenCase } from './fixture.ts';
import type { ErrorExpectation, TxExpectation } from './tx-expectations.ts';

/** What the outcome of a transaction under rules must be. */
export type RuledOutcome = TxExpectation & { allowed?: boolean };

/** What the answer to a query under rules must be. */
export type RuledAnswer = QueryExpectation & { error?: ErrorExpectation };

/** A transaction of a case, or all of it. */
export interface TransactStep {
  action: 'transact';
  auth: GoldenCase['auth'];
  steps: unknown;
  expect: RuledOutcome;
}

/** A query of a case, or all of it. */
export interface QueryStep {
  action: 'query';
  auth: GoldenCase['auth'];
  query: unknown;
  expect: RuledAnswer;
}

interface RuledCase extends GoldenCase {
  rules?: unknown;
}

/** Rules that are pushed. */
export interface RulesCase extends RuledCase {
  action: 'validate-rules';
  expect: { ruleErrors: 'some' | { message: string; in: string[] }[] };
}

/** A rule that is compiled, and perhaps asked. */
export interface CelCase extends GoldenCase {
  action: 'cel-eval';
  code: string;
  ruleAction: string;
  bindings?: Record<string, unknown>;
  requestTime?: string;
  expect:
    | { result: unknown }
    | { compiles: true }
    | { error: ErrorExpectation }
    | { compileError: ErrorExpectation };
}

/** Steps in order, on one app. */
export interface SequenceCase extends RuledCase {
  action: 'sequence';
  sequence: (TransactStep | QueryStep)[];
}

/** A case of `perm-cases.json` that `perm-cases.test.ts` runs. */
export type PermCase =
  | (RuledCase & TransactStep)
  | (RuledCase & QueryStep)
  | RulesCase
  | CelCase
  | SequenceCase;

/** A case of `perm-cases.json`. */
export type AnyPermCase = PermCase | (GoldenCase & { action: 'signup' | 'file-upload' | 'file-delete' });
