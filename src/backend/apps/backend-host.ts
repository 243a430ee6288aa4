import type { AppHost } from '../app/app-host.ts';
import type { RequestEntry } from '../app/log-entries.ts';
import type { Operator } from '../app/operator.ts';
import type { ProviderEgress } from '../auth/oauth/provider-egress.ts';
import type { Newcomers } from '../session/newcomers.ts';

/** What the apps of one backend share, and what serves them beside. */
export interface BackendHost extends AppHost {
  /** Who runs the backend. */
  readonly operator: Operator;
  /** How providers of identities are reached. */
  readonly providers: ProviderEgress;
  /** How long the next piece of a body may take, in milliseconds. */
  readonly bodyIdleMs: number;
  /** The connections that have not been let in yet. */
  readonly newcomers: Newcomers;
  /** Is told of every event of a session; absent where nobody asked. */
  readonly onRequest?: ((entry: RequestEntry) => void) | undefined;
}
