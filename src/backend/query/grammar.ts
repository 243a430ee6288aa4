import { type ServerError, type ValidationIssue, validationFailed } from '../../protocol/error.ts';

/** How deep forms, conditions and paths may nest. Instant's server has no fixed limit for it, only its stack. */
const MAX_DEPTH = 64;

/** A path in a query, for error messages. */
export type QueryPath = readonly (string | number)[];

/**
 * An issue in the server's form: problems found while checking attribute types name their check under `expected?`, all
 * others under `expected`.
 */
export interface QueryIssue extends ValidationIssue {
  'expected?'?: string;
}

/** How many forms a query may have at all levels; far more than anyone would write by hand. */
const MAX_FORMS = 1_000;

/** The state of a parser: the original query, and the malformed values found so far. */
export interface GrammarContext {
  readonly query: unknown;
  /** How many forms have been read. */
  forms: number;
  /** Reported only if nothing else in the query is wrong. */
  readonly malformed: QueryIssue[];
}

/** The server's name for one of its value checks. */
export function checkName(name: string): string {
  return `instant.db.instaql/${name}`;
}

/** The error for a query that is wrong at `path`. */
export function queryError(query: unknown, issue: QueryIssue): ServerError {
  return validationFailed('query', query, [issue]);
}

/**
 * Throws if there are malformed values. Like the server, it reports the most deeply nested one, and the last of
 * several.
 */
export function assertWellFormed({ query, malformed }: GrammarContext): void {
  const told = malformed.reduce<QueryIssue | undefined>(
    (deepest, issue) => (deepest && depthOf(deepest) > depthOf(issue) ? deepest : issue),
    undefined,
  );
  if (told) throw validationFailed('coerced-query', query, [told]);
}

function depthOf(issue: QueryIssue): number {
  return issue.in?.length ?? 0;
}

/** Refuses a query that nests deeper than anyone would write by hand. */
export function assertDepth(context: GrammarContext, depth: number, path: QueryPath): void {
  if (depth <= MAX_DEPTH) return;
  const message = `The query nests more than ${MAX_DEPTH} levels deep.`;
  throw queryError(context.query, { expected: 'max-depth?', in: [...path], message });
}

/** Counts a form, and refuses a query with too many: each takes time for every entity of the form above. */
export function countForm(context: GrammarContext, path: QueryPath): void {
  if (++context.forms <= MAX_FORMS) return;
  const message = `The query has more than ${MAX_FORMS} namespaces and links.`;
  throw queryError(context.query, { expected: 'max-forms?', in: [...path], message });
}
