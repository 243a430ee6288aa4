import { InstantNodeError } from '../errors.ts';
import { APP_STATUSES, type AppStatus } from '../protocol/down.ts';
import { ServerError } from '../protocol/error.ts';
import { checkDataSet, checkSnapshot, type DataSet, type Snapshot } from './app/data-set.ts';
import { warnOfRules } from './app/warn-of-rules.ts';
import type { ServedApp } from './apps/served-app.ts';
import { asEmail } from './auth/users.ts';
import { refusalText } from './refusal-text.ts';

/** An app of a {@link Backend}, seen by the program that runs the backend. */
export interface BackendApp {
  /** The `appId` for a client, a UUID. */
  readonly id: string;
  /** The title, for display. */
  readonly title: string;
  /** Grants every right in this app. */
  readonly adminToken: string;
  /** Whether the app can be read and written, see {@link setStatus}. */
  readonly status: AppStatus;
  /**
   * Changes the status and notifies open sessions.
   *
   * @throws {InstantNodeError} `invalid-config` when there is no such status.
   */
  setStatus(status: AppStatus): void;
  /**
   * Puts permission rules in force, as in `instant.perms.ts`; null removes them. Live queries are refreshed.
   *
   * @throws {InstantNodeError} `invalid-config` that says what is wrong with them; the old rules then stay.
   */
  setRules(rules: unknown): void;
  /**
   * The last magic code sent to an email, until it is used: no email leaves this machine. Undefined when there is none.
   */
  magicCode(email: string): string | undefined;
  /**
   * Loads a data set unchanged, with the times its triples carry, as one transaction; live queries are refreshed. Much
   * faster than transactions, because only the shape is checked: not types, not uniqueness.
   *
   * @throws {InstantNodeError} `invalid-config` when it is not a data set; nothing is loaded then.
   */
  load(data: Partial<DataSet>): void;
  /**
   * A copy of everything the app holds, and of its rules, in an order that depends only on the content. File contents
   * are not included.
   */
  snapshot(): Snapshot;
  /**
   * Restores a snapshot of this app or of another: attributes, data and rules become exactly what it holds. It is one
   * transaction; sessions stay open and live queries are refreshed.
   *
   * @throws {InstantNodeError} `invalid-config` when it is not a snapshot; nothing has changed then.
   */
  restore(snapshot: Snapshot): void;
  /** Restores the app to what it was when it was created, as {@link restore} does. */
  reset(): void;
}

/** The app as {@link Backend} exposes it. */
export function asBackendApp({ app, codes }: ServedApp): BackendApp {
  const { id, adminToken } = app.identity;
  return {
    id,
    get title() {
      return app.identity.title;
    },
    adminToken,
    get status() {
      return app.status;
    },
    setStatus(status) {
      if (!APP_STATUSES.includes(status)) {
        const wanted = APP_STATUSES.map((one) => `"${one}"`).join(', ');
        const message = `Cannot set the status of an app to "${String(status)}": it is one of ${wanted}`;
        throw new InstantNodeError('invalid-config', message);
      }
      app.setStatus(status);
    },
    setRules(rules) {
      takingRules(() => app.setRules(rules));
      warnOfRules(app);
    },
    magicCode: (email) => codes.latest(asEmail(email) ?? email),
    load(data) {
      app.load(checkDataSet(data, app.data));
    },
    snapshot: () => app.snapshot(),
    restore(snapshot) {
      const checked = checkSnapshot(snapshot, app.data);
      takingRules(() => app.restore(checked));
    },
    reset() {
      app.restore(app.initial);
    },
  };
}

function takingRules(work: () => void): void {
  try {
    work();
  } catch (cause) {
    if (!(cause instanceof ServerError)) throw cause;
    throw new InstantNodeError('invalid-config', `Cannot use the rules: ${refusalText(cause)}`, { cause });
  }
}
