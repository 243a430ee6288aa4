import { InstantNodeError } from '../errors.ts';
import { APP_STATUSES, type AppStatus } from '../protocol/down.ts';
import { ServerError } from '../protocol/error.ts';
import { checkDataSet, checkSnapshot, type DataSet, type Snapshot } from './app/data-set.ts';
import { warnOfRules } from './app/warn-of-rules.ts';
import type { ServedApp } from './apps/served-app.ts';
import { asEmail } from './auth/users.ts';
import { refusalText } from './refusal-text.ts';

/** An app of a {@link Backend}, as its owner holds it. */
export interface BackendApp {
  /** The `appId` for a client, a UUID. */
  readonly id: string;
  /** The title, for people. */
  readonly title: string;
  /** Gives whoever presents it every right in this app. */
  readonly adminToken: string;
  /** Whether it serves, see {@link setStatus}. */
  readonly status: AppStatus;
  /**
   * Changes the status; open sessions are told.
   *
   * @throws {InstantNodeError} `invalid-config` when there is no such status.
   */
  setStatus(status: AppStatus): void;
  /**
   * Puts permission rules in force, as in `instant.perms.ts`; null takes them away. Live queries are refreshed.
   *
   * @throws {InstantNodeError} `invalid-config` that says what is wrong with them; then the old ones stay.
   */
  setRules(rules: unknown): void;
  /**
   * The magic code that was sent last to an email, as long as it was not used: no email leaves this machine.
   * Undefined when there is none.
   */
  magicCode(email: string): string | undefined;
  /**
   * Puts a data set in as it is, with the times its triples carry, as one transaction; live queries are refreshed.
   * Much faster than transactions, because beyond its shape nothing is checked: not types, not uniqueness.
   *
   * @throws {InstantNodeError} `invalid-config` when it is no data set; then nothing is loaded.
   */
  load(data: Partial<DataSet>): void;
  /**
   * All that the app holds and its rules, as a copy, in an order that depends on the content alone. The contents of
   * files are not in it.
   */
  snapshot(): Snapshot;
  /**
   * Makes the app what a snapshot says, of this app or of another: attributes, data and rules, exactly. It is one
   * transaction; sessions stay open and live queries are refreshed.
   *
   * @throws {InstantNodeError} `invalid-config` when it is no snapshot; then nothing has changed.
   */
  restore(snapshot: Snapshot): void;
  /** Makes the app what it was when it was created, as {@link restore} does. */
  reset(): void;
}

/** The app as its owner holds it. */
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
