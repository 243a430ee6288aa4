import type { HandshakeRefusal } from '../../drivers/contract.ts';

/** What the end of a connection asks of the next try. */
export type RetryRule =
  /** To come soon: the server is going away on purpose, and another takes its place. */
  | { is: 'soon' }
  /** To stay away for a while: the server is overloaded. */
  | { is: 'later'; ms: number }
  /** Not to come like this: the server wants something else. */
  | { is: 'refused' }
  /** Nothing: the usual delays apply. */
  | { is: 'usual' };

/** How long an overloaded server is left alone when it does not say for how long. */
const LATER_MS = 5_000;
/** The longest that a server can ask for. */
const LONGEST_MS = 3_600_000;

const SOON: RetryRule = { is: 'soon' };
const LATER: RetryRule = { is: 'later', ms: LATER_MS };
const REFUSED: RetryRule = { is: 'refused' };
const USUAL: RetryRule = { is: 'usual' };

/** By close codes of RFC 6455 and of IANA's list. */
const BY_CODE: ReadonlyMap<number, RetryRule> = new Map<number, RetryRule>([
  [1001, SOON],
  [1012, SOON],
  [1013, LATER],
  [1008, REFUSED],
]);

const BY_STATUS: ReadonlyMap<number, RetryRule> = new Map<number, RetryRule>([
  [429, LATER],
  [503, LATER],
  [401, REFUSED],
  [403, REFUSED],
]);

/** What the close code of a WebSocket asks. */
export function ruleOfCode(code: number): RetryRule {
  return BY_CODE.get(code) ?? USUAL;
}

/** What an HTTP status asks, be it of a handshake or of a refused session. */
export function ruleOfStatus({ status, retryAfterMs }: HandshakeRefusal): RetryRule {
  const rule = BY_STATUS.get(status) ?? USUAL;
  if (rule.is !== 'later' || retryAfterMs === undefined) return rule;
  return { is: 'later', ms: Math.min(retryAfterMs, LONGEST_MS) };
}
