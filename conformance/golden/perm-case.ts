import type { QueryExpectation } from './compare-answer.ts';
import type { Cursors } from './cursors.ts';
import type { GoldenCase, SetupOp } from './fixture.ts';
import type { ErrorExpectation, TxExpectation } from './tx-expectations.ts';

/** What the outcome of a transaction under rules must be. */
export type RuledOutcome = TxExpectation & { allowed?: boolean };

/** What the answer to a query under rules must be. */
export type RuledAnswer = QueryExpectation & {
  error?: ErrorExpectation;
  sameAs?: { query: unknown; ordered: boolean };
};

/** A transaction of a case, or all of it. */
export interface TransactStep {
  action: 'transact';
  auth: GoldenCase['auth'];
  steps: unknown;
  /** Whether the steps are those of the admin API. */
  api?: 'admin';
  /** Whether the source writes below its permission layer. */
  via?: 'raw';
  flags?: string[];
  expect: RuledOutcome;
}

/** A query of a case, or all of it. */
export interface QueryStep {
  action: 'query';
  auth: GoldenCase['auth'];
  query: unknown;
  layer?: string;
  inference?: boolean;
  cursors?: Cursors;
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
  expect?: { perStep: true };
}

/** A case of `perm-cases.json` that `perm-cases.test.ts` runs. */
export type PermCase =
  | (RuledCase & TransactStep)
  | (RuledCase & QueryStep)
  | RulesCase
  | CelCase
  | SequenceCase;

/** What comes before the rules of a case: files come by way of the endpoint for uploads. */
export type PermSetupOp = SetupOp | UploadOp;

/** A file that is uploaded before the rules of a case are set. */
export interface UploadOp {
  op: 'upload-file';
  path: string;
  'content-type'?: string;
  bytes: number[];
}

/** A case that signs up. */
export interface SignupCase extends RuledCase {
  action: 'signup';
  via: 'magic-code' | 'admin-magic-code' | 'oauth' | 'guest';
  request: { email?: string; sub?: string; extraFields?: Record<string, unknown> };
  expect: {
    allowed: boolean;
    status?: number;
    created?: boolean;
    user?: Record<string, unknown>;
    error?: ErrorExpectation;
  };
}

/** A case that goes through the endpoints for files. */
export interface FileCase extends RuledCase {
  action: 'file-upload' | 'file-delete';
  via: 'admin-upload' | 'admin-delete' | 'admin-bulk-delete';
  impersonate?: Readonly<Record<string, string>>;
  request: {
    path?: string;
    'content-type'?: string;
    bytes?: number[];
    filename?: string;
    filenames?: string[];
  };
  expect: { allowed: boolean; status?: number; error?: ErrorExpectation; deletedCount?: number };
}

/** A case of `perm-cases.json`. */
export type AnyPermCase = PermCase | SignupCase | FileCase;

/** Actions that `signup-cases.test.ts` and `file-cases.test.ts` run. */
export const RUN_ELSEWHERE: readonly string[] = ['signup', 'file-upload', 'file-delete'];
