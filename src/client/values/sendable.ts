import { QueryValidationError } from '@instantdb/core';
import { MAX_DEPTH } from '../../protocol/json-limits.ts';
import { nestsDeeper } from './depth.ts';
import { assertUsableNames } from './usable-names.ts';

/** How deep a part of a message may nest: the message is an object around it. */
const MAX_PART_DEPTH = MAX_DEPTH - 1;

/** Why a value cannot be part of a message, as the end of a sentence; undefined when it can. */
export function whyNotJson(value: unknown): string | undefined {
  try {
    // Checked first: deep nesting costs Bun the square of its depth to serialize.
    if (nestsDeeper(value, MAX_PART_DEPTH)) {
      return `it nests more than ${MAX_PART_DEPTH} levels deep`;
    }
    JSON.stringify(value);
    return undefined;
  } catch (cause) {
    return (cause as Error).message;
  }
}

/** @throws QueryValidationError for a query that cannot be sent, whatever the schema. */
export function assertSendable(query: unknown, ruleParams?: unknown): void {
  const problem = whyNotJson([query, ruleParams]);
  if (problem) throw new QueryValidationError(`Cannot ask what JSON cannot hold: ${problem}`);
  assertUsableNames(query);
}
