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

/** The maximum lifetime of a code: 24 hours. */
const MAGIC_CODE_LIFETIME_MS: number = MAX_MAGIC_CODE_MINUTES * MINUTE_MS;

/** An app, and the magic codes it has sent. */
export interface CodeApp {
  readonly app: AuthApp;
  readonly codes: SentCodes;
}

/** Creates a code for an email, without sending it. The data contains only its hash. */
export function createMagicCode(app: AuthApp, email: string): string {
  const code = String(app.host.randomInt(10 ** DIGITS)).padStart(DIGITS, '0');
  // Recently expired codes are kept for a while, so that someone who tries one learns that it has expired.
  const swept = stepsToSweep(app, ETYPE, app.host.now() - 2 * MAGIC_CODE_LIFETIME_MS);
  const added = stepsToPut(app, ETYPE, app.host.newId(), { codeHash: hashText(code), email });
  write(app, [...swept, ...added]);
  return code;
}

/**
 * Creates a code and "sends" it by logging it for the operator: there is no mail provider.
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
 * The steps that consume a code, which can be used once. A test user's code can be used any number of times, and needs
 * no steps.
 *
 * @throws {ServerError} `record-not-found` when it is not a code for this email, `record-expired` when it has expired.
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
