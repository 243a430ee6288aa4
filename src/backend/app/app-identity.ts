/** What an app is, apart from its data. */
export interface AppIdentity {
  readonly id: string;
  readonly title: string;
  readonly adminToken: string;
  /** In epoch milliseconds. */
  readonly createdAt: number;
  /** Whether it was created over HTTP for a while. */
  readonly ephemeral: boolean;
  /** Whether its providers of identities may be inside, because the program that runs the backend made it. */
  readonly trustsProviders?: true;
  /** What its sign-ins take, beside the data. */
  readonly signIn?: SignInSettings;
}

/** What the sign-ins of an app take, beside its data. */
export interface SignInSettings {
  /** Users who can always sign in with a code that never changes. */
  readonly testUsers: readonly TestUser[];
  /** Where sign-ins at a provider may lead back to, apart from this machine itself. */
  readonly redirectOrigins: readonly RedirectOrigin[];
  /** For how many minutes a magic code is good; absent for the most that it can be, a day. */
  readonly magicCodeMinutes?: number;
}

/** A user for tests and reviews. */
export interface TestUser {
  readonly id: string;
  readonly email: string;
  /** Six digits. */
  readonly code: string;
}

/** A rule for addresses that a sign-in may lead back to. `params` depend on the service. */
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
