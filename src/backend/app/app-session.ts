import type { AppStatus } from '../../protocol/down.ts';
import type { LiveQuery } from './live-query.ts';

/** What an app needs of a session that is open for it. */
export interface AppSession {
  /** Sends what changed. The attributes are sent along when the session has an older list. */
  refresh(queries: readonly LiveQuery<AppSession>[]): void;
  /** More of what was due has been sent: what waits for that may go on. */
  goOn(): void;
  /** Tells the client of a new status. */
  statusChanged(status: AppStatus): void;
  /** Ends the session, because the app is gone. */
  end(): void;
}
