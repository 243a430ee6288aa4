import { validationFailed } from '../../protocol/error.ts';
import type { RedirectOrigin, RedirectService, SignInSettings, TestUser } from '../app/app-identity.ts';
import type { AuthApp } from './auth-app.ts';
import { redirectOriginProblem } from './redirect-origins.ts';

/** The maximum lifetime of a magic code, in minutes. */
export const MAX_MAGIC_CODE_MINUTES: number = 24 * 60;

const NONE: SignInSettings = { testUsers: [], redirectOrigins: [] };

/** The settings of an app. */
export function signInSettings({ identity }: AuthApp): SignInSettings {
  return identity.signIn ?? NONE;
}

/** Whether a value is usable as the code of a test user. */
export function isMagicCode(value: unknown): value is string {
  return typeof value === 'string' && /^\d{6}$/.test(value);
}

/** Lets a user always sign in with a fixed code, which replaces an earlier one. */
export function putTestUser(app: AuthApp, email: string, code: string): TestUser {
  const user = { id: app.host.newId(), email, code };
  const others = signInSettings(app).testUsers.filter((other) => other.email !== email);
  amend(app, { testUsers: [...others, user] });
  return user;
}

/** Removes and returns a test user; undefined when there is none. */
export function removeTestUser(app: AuthApp, id: string): TestUser | undefined {
  const { testUsers } = signInSettings(app);
  amend(app, { testUsers: testUsers.filter((user) => user.id !== id) });
  return testUsers.find((user) => user.id === id);
}

/**
 * Allows sign-ins to redirect to the URLs that a rule describes.
 *
 * @throws {ServerError} `validation-failed` when the params do not fit the service.
 */
export function addRedirectOrigin(app: AuthApp, service: string, params: readonly string[]): RedirectOrigin {
  const problem = redirectOriginProblem(service, params);
  if (problem !== undefined) throw validationFailed('origin', { service, params }, [{ message: problem }]);
  const { newId, now } = app.host;
  const origin = { id: newId(), service: service as RedirectService, params, createdAt: now() };
  amend(app, { redirectOrigins: [...signInSettings(app).redirectOrigins, origin] });
  return origin;
}

/** Removes and returns a redirect rule; undefined when there is none. */
export function removeRedirectOrigin(app: AuthApp, id: string): RedirectOrigin | undefined {
  const { redirectOrigins } = signInSettings(app);
  amend(app, { redirectOrigins: redirectOrigins.filter((origin) => origin.id !== id) });
  return redirectOrigins.find((origin) => origin.id === id);
}

/** Sets the lifetime of magic codes in minutes, including those already sent. */
export function setMagicCodeMinutes(app: AuthApp, minutes: number): void {
  const problem =
    minutes <= 0
      ? 'The magic token expiry must be positive.'
      : minutes > MAX_MAGIC_CODE_MINUTES && 'The magic token expiry must be under 1,440 minutes (24 hours).';
  if (problem)
    throw validationFailed('app', { 'magic-token-expiry-minutes': minutes }, [{ message: problem }]);
  amend(app, { magicCodeMinutes: minutes });
}

function amend(app: AuthApp, changes: Partial<SignInSettings>): void {
  app.amend({ signIn: { ...signInSettings(app), ...changes } });
}
