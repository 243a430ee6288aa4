import type { ValidationIssue } from '../protocol/error.ts';
import { isObject } from '../protocol/json.ts';

/** The reason for rejecting a document, in the form sent to clients. */
export interface Refusal {
  readonly message: string;
  readonly hint?: unknown;
}

/**
 * Describes what is wrong with a schema or with rules, for their author. For rules, Instant's message only says what is
 * wrong; the hint says where.
 */
export function refusalText({ message, hint }: Refusal): string {
  if (!isObject(hint) || hint['data-type'] !== 'rule' || !Array.isArray(hint.errors)) return message;
  const problems = (hint.errors as ValidationIssue[]).map(({ in: place = [], message: problem }) =>
    [place.join('.'), problem].filter(Boolean).join(': '),
  );
  return problems.join('; ') || message;
}
