/** The description of an app, without its data. */
export interface AppIdentity {
  readonly id: string;
  readonly title: string;
  readonly adminToken: string;
  /** In epoch milliseconds. */
  readonly createdAt: number;
  /** Whether it is a temporary app, created over HTTP. */
  readonly ephemeral: boolean;
  /**
   * Whether its identity providers may be on this machine or in a private network, because the program that runs the
   * backend created it.
   */
  readonly trustsProviders?: true;
  /** Sign-in settings, which are not part of the data. */
  readonly signIn?: SignInSettings;
}

/** Sign-in settings of an app, which are not part of its data. */
export interface SignInSettings {
  /** Users who can always sign in with a fixed code. */
  readonly testUsers: readonly TestUser[];
  /** Where provider sign-ins may redirect to, besides this machine itself. */
  readonly redirectOrigins: readonly RedirectOrigin[];
  /** How long a magic code is valid, in minutes; absent for the maximum, a day. */
  readonly magicCodeMinutes?: number;
}

/** A user for tests and app reviews. */
export interface TestUser {
  readonly id: string;
  readonly email: string;
  /** Six digits. */
  readonly code: string;
}

/** A rule for where a sign-in may redirect to. `params` depend on the service. */
export interface RedirectOrigin {
  readonly id: string;
  readonly service: RedirectService;
  readonly params: readonly string[];
  /** In epoch milliseconds. */
  readonly createdAt: number;
}

/**
 * - `generic`: `[host]`, with its port if it has one;
 * - `netlify`: `[site name]`, with its previews;
 * - `vercel`: `[deployment suffix, project name]`, with its previews;
 * - `custom-scheme`: `[scheme]`, for apps on devices.
 */
export type RedirectService = 'generic' | 'netlify' | 'vercel' | 'custom-scheme';
