import { QueryValidationError } from '@instantdb/core';
import { MAX_DEPTH, nestsDeeper } from '../../protocol/parse.ts';
import { assertUsableNames } from './usable-names.ts';

/** How deep a part of a message may nest: the message is an object around it. */
const MAX_PART_DEPTH = MAX_DEPTH - 1;

/** Why a value cannot be part of a message, as a sentence's end; nothing when it can. */
export function whyNotJson(value: unknown): string | undefined {
  const tooDeep = `it nests more than ${MAX_PART_DEPTH} levels deep`;
  try {
    return nestsDeeper(JSON.stringify(value) ?? '', MAX_PART_DEPTH) ? tooDeep : undefined;
  } catch (cause) {
    return cause instanceof RangeError ? tooDeep : (cause as Error).message;
  }
}

/** @throws QueryValidationError for a query that cannot be asked, whatever the schema. */
export function assertSendable(query: unknown, ruleParams?: unknown): void {
  const problem = whyNotJson([query, ruleParams]);
  if (problem) throw new QueryValidationError(`Cannot ask what JSON cannot hold: ${problem}`);
  assertUsableNames(query);
}
