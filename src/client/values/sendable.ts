import { QueryValidationError } from '@instantdb/core';
import { MAX_DEPTH } from '../../protocol/json-limits.ts';
import { nestsDeeper } from './depth.ts';
import { assertUsableNames } from './usable-names.ts';

/** How deep a part of a message may nest: the message is an object around it. */
const MAX_PART_DEPTH = MAX_DEPTH - 1;

/** A value as part of a message, or why it cannot be one, as the end of a sentence. */
export function asJson(value: unknown): { readonly json: string } | { readonly problem: string } {
  try {
    // Checked first: deep nesting costs Bun the square of its depth to serialize.
    if (nestsDeeper(value, MAX_PART_DEPTH)) {
      return { problem: `it nests more than ${MAX_PART_DEPTH} levels deep` };
    }
    return { json: JSON.stringify(value) };
  } catch (cause) {
    return { problem: (cause as Error).message };
  }
}

/** Why a value cannot be part of a message, as the end of a sentence; undefined when it can. */
export function whyNotJson(value: unknown): string | undefined {
  const part = asJson(value);
  return 'problem' in part ? part.problem : undefined;
}

/** @throws QueryValidationError for a query that cannot be sent, whatever the schema. */
export function assertSendable(query: unknown, ruleParams?: unknown): void {
  const problem = whyNotJson([query, ruleParams]);
  if (problem) throw new QueryValidationError(`Cannot ask what JSON cannot hold: ${problem}`);
  assertUsableNames(query);
}
