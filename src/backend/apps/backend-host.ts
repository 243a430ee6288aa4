import type { AppHost } from '../app/app-host.ts';
import type { RequestEntry } from '../app/log-entries.ts';
import type { Operator } from '../app/operator.ts';
import type { ProviderEgress } from '../auth/oauth/provider-egress.ts';
import type { Newcomers } from '../session/newcomers.ts';

/** What the apps of one backend share, including the services around them. */
export interface BackendHost extends AppHost {
  /** The person who runs the backend. */
  readonly operator: Operator;
  /** How identity providers are reached. */
  readonly providers: ProviderEgress;
  /** How long the next chunk of a request body may take, in milliseconds. */
  readonly bodyIdleMs: number;
  /** Connections whose `init` has not been accepted yet. */
  readonly newcomers: Newcomers;
  /** Called for every session event; absent unless option `onRequest` was given. */
  readonly onRequest?: ((entry: RequestEntry) => void) | undefined;
}
