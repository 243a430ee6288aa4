import { recordExpired, recordNotFound, ServerError } from '../../protocol/error.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { recordsWith, stepsToPut, stepsToSweep, stepToDelete, textOf, write } from '../app/system-records.ts';
import { hashText, isSameSecret } from '../permissions/hash-text.ts';
import type { AuthApp } from './auth-app.ts';
import type { SentCodes } from './sent-codes.ts';
import { MAX_MAGIC_CODE_MINUTES, signInSettings } from './settings.ts';

const ETYPE = '$magicCodes';
const DIGITS = 6;

const MINUTE_MS = 60 * 1_000;

/** The longest that a code can be used: 24 hours. */
const MAGIC_CODE_LIFETIME_MS: number = MAX_MAGIC_CODE_MINUTES * MINUTE_MS;

/** An app, and the codes that it has sent. */
export interface CodeApp {
  readonly app: AuthApp;
  readonly codes: SentCodes;
}

/** Makes a code for an email, without sending it. Only its hash is stored among the data. */
export function createMagicCode(app: AuthApp, email: string): string {
  const code = String(app.host.randomInt(10 ** DIGITS)).padStart(DIGITS, '0');
  // Those that have just expired are kept a while, so that whoever tries one is told so.
  const swept = stepsToSweep(app, ETYPE, app.host.now() - 2 * MAGIC_CODE_LIFETIME_MS);
  const added = stepsToPut(app, ETYPE, app.host.newId(), { codeHash: hashText(code), email });
  write(app, [...swept, ...added]);
  return code;
}

/**
 * Makes a code and "sends" it: it is told to the operator, who is the mailman here.
 *
 * @throws {ServerError} `rate-limited` beyond 20 an hour for one email.
 */
export function sendMagicCode({ app, codes }: CodeApp, email: string): string {
  if (!codes.sends.take(email, app.host.now())) throw tooMany();
  const code = createMagicCode(app, email);
  codes.noteSent(email, code);
  app.host.tell(`Magic code for ${email} in app ${app.identity.id}: ${code}`);
  return code;
}

/**
 * Counts an attempt to use a code.
 *
 * @throws {ServerError} `rate-limited` beyond 20 an hour for one email.
 */
export function countMagicCodeTry({ app, codes }: CodeApp, email: string): void {
  if (!codes.tries.take(email, app.host.now())) throw tooMany();
}

/**
 * The steps that use a code up: it can be used once. That of a test user can be used any number of times, and takes
 * none.
 *
 * @throws {ServerError} `record-not-found` when it is not a code of this email, `record-expired` when it was one.
 */
export function stepsToUseCode(app: AuthApp, email: string, code: string): JsonValue[] {
  const hash = hashText(code);
  const record = recordsWith(app, ETYPE, 'email', email).find((one) =>
    isSameSecret(textOf(one, 'codeHash') ?? '', hash),
  );
  if (record && !isExpired(app, record)) return [stepToDelete(ETYPE, record.id)];
  if (isTestUser(app, email, code)) return [];
  const args = { 'app-id': app.identity.id, email, code };
  throw record ? recordExpired('app-user-magic-code', args) : recordNotFound('app-user-magic-code', args);
}

function isTestUser(app: AuthApp, email: string, code: string): boolean {
  const known = signInSettings(app).testUsers.find((user) => user.email === email);
  return known !== undefined && isSameSecret(known.code, code);
}

function isExpired(app: AuthApp, { createdAt }: { createdAt: number }): boolean {
  const { magicCodeMinutes = MAX_MAGIC_CODE_MINUTES } = signInSettings(app);
  return app.host.now() > createdAt + magicCodeMinutes * MINUTE_MS;
}

function tooMany(): ServerError {
  return new ServerError(
    'rate-limited',
    'Too many verification codes requested for this email. Please try again later.',
  );
}
