import type { ValidationIssue } from '../protocol/error.ts';
import { isObject } from '../protocol/json.ts';

/** What the backend found wrong with a document, as it tells its clients. */
export interface Refusal {
  readonly message: string;
  readonly hint?: unknown;
}

/**
 * What is wrong with a schema or with rules, for the person who wrote them. Instant's message about rules says what, and
 * leaves to the hint where.
 */
export function refusalText({ message, hint }: Refusal): string {
  if (!isObject(hint) || hint['data-type'] !== 'rule' || !Array.isArray(hint.errors)) return message;
  const problems = (hint.errors as ValidationIssue[]).map(({ in: place = [], message: problem }) =>
    [place.join('.'), problem].filter(Boolean).join(': '),
  );
  return problems.join('; ') || message;
}
