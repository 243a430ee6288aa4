import type { AppStatus } from '../../protocol/down.ts';
import type { LiveQuery } from './live-query.ts';

/** What an app requires of a session that is open for it. */
export interface AppSession {
  /** Sends what changed, along with the attributes if the session has an older list. */
  refresh(queries: readonly LiveQuery<AppSession>[]): void;
  /** More of the due answers have been sent: replies that wait for them may go out. */
  goOn(): void;
  /** Notifies the client of a new status. */
  statusChanged(status: AppStatus): void;
  /** Ends the session, because the app is gone. */
  end(): void;
}
