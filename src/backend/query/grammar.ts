import { type ServerError, type ValidationIssue, validationFailed } from '../../protocol/error.ts';

/** How deep forms, conditions and paths may nest. The server that this follows has no number for it, only a stack. */
const MAX_DEPTH = 64;

/** A place in a query, as errors tell it. */
export type QueryPath = readonly (string | number)[];

/**
 * An issue as the server words it: problems found on the types of attributes carry their check under `expected?`, the
 * others under `expected`.
 */
export interface QueryIssue extends ValidationIssue {
  'expected?'?: string;
}

/** How many forms a query may have, at the top and below; far more than anyone would write by hand. */
const MAX_FORMS = 1_000;

/** What a parser carries along: the query as it came, and the malformed values found on the way. */
export interface GrammarContext {
  readonly query: unknown;
  /** How many forms were read. */
  forms: number;
  /** Looked at once nothing else in the query was found wrong. */
  readonly malformed: QueryIssue[];
}

/** The server's own name for one of its checks of values. */
export function checkName(name: string): string {
  return `instant.db.instaql/${name}`;
}

/** The error for a query that is wrong at `path`. */
export function queryError(query: unknown, issue: QueryIssue): ServerError {
  return validationFailed('query', query, [issue]);
}

/** Throws where values were malformed. Like the server, it names the one that lies deepest, of several the last. */
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

/** Counts a form, and refuses a query of too many: each costs time for each entity that it stands under. */
export function countForm(context: GrammarContext, path: QueryPath): void {
  if (++context.forms <= MAX_FORMS) return;
  const message = `The query has more than ${MAX_FORMS} namespaces and links.`;
  throw queryError(context.query, { expected: 'max-forms?', in: [...path], message });
}
