import { isObject } from '../../src/protocol/json.ts';

/** A step `{"check": "refresh-token"}`: whether a token is still good. What else it has, {@link readTokenStep} reads. */
export interface TokenStep {
  check: 'refresh-token';
}

/** A {@link TokenStep} whose fields are understood. */
export interface TokenCheck {
  /** The token, or where in an earlier answer it is. */
  readonly token: unknown;
  /** The app that the token is of, by name; absent for the first of the case. */
  readonly app?: string;
  readonly valid: boolean;
}

// The format names this step, and neither its fields nor how it says what is expected: any plain way is understood.
const TOKEN_KEYS: readonly string[] = ['token', 'refresh-token', 'refresh_token', 'value', '$ref'];
const GOOD_KEYS: readonly string[] = ['valid', 'exists', 'present', 'found', 'ok', 'equals', 'expect'];
const BAD_KEYS: readonly string[] = ['absent', 'gone', 'deleted', 'revoked'];
const ABOUT_KEYS: readonly string[] = ['check', 'app', 'testing', 'notes'];

/** What a step checks; undefined unless every field of it is understood. */
export function readTokenStep(step: object): TokenCheck | undefined {
  const fields = Object.entries(step);
  const about = new Map(fields.filter(([key]) => ABOUT_KEYS.includes(key)));
  const tokens = fields.filter(([key]) => TOKEN_KEYS.includes(key));
  const [verdict, ...more] = fields.filter(([key]) => !ABOUT_KEYS.includes(key) && !TOKEN_KEYS.includes(key));
  const app = about.get('app');
  const [named] = tokens;
  if (about.get('check') !== 'refresh-token' || !named || tokens.length > 1 || !verdict || more.length > 0) {
    return undefined;
  }
  const valid = verdictOf(...verdict);
  if (valid === undefined || (app !== undefined && typeof app !== 'string')) return undefined;
  const [key, token] = named;
  return { token: key === '$ref' ? { $ref: token } : token, valid, ...(app !== undefined && { app }) };
}

/** Whether a token must be good, as one field says it. */
function verdictOf(key: string, value: unknown): boolean | undefined {
  if (isObject(value)) {
    const [inner, ...more] = Object.entries(value);
    return key === 'expect' && inner && more.length === 0 ? verdictOf(...inner) : undefined;
  }
  if (key === 'status') return typeof value === 'number' ? value === 200 : undefined;
  // What is looked up and not there is null.
  const holds = value === null ? false : value;
  if (typeof holds !== 'boolean') return undefined;
  if (GOOD_KEYS.includes(key)) return holds;
  return BAD_KEYS.includes(key) ? !holds : undefined;
}
