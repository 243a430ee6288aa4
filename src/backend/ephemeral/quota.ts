import { type ServerError, validationFailed } from '../../protocol/error.ts';

/** The limits on all ephemeral apps of a backend together. */
export interface EphemeralLimits {
  /** Whether anyone may create one. */
  readonly enabled: boolean;
  readonly maxApps: number;
  readonly maxBytes: number;
}

/** One app's share of a quota that it may share with others. */
export interface Account {
  /** @throws {ServerError} `validation-failed` when there is no room for this many more bytes. */
  assertRoom(bytes: number): void;
  /** Records that the app grew, or shrank by a negative number of bytes. */
  grow(bytes: number): void;
  /**
   * Records expendable memory that the app uses besides its data, or frees by a negative number of bytes; returns
   * whether there is room. The budget for this, over all accounts, is as large as the one for data.
   */
  keepBeside(bytes: number): boolean;
  /** Whether anything is counted: if not, callers need not compute sizes. */
  readonly isLimited: boolean;
  /** Frees everything counted: the app is gone, or is now the operator's. */
  close(): void;
}

/** The account of an app without limits. */
export const UNLIMITED: Account = {
  isLimited: false,
  assertRoom() {},
  grow() {},
  keepBeside: () => true,
  close() {},
};

/** Counts what ephemeral apps use, since anyone may create them and they must not use up everything. */
export class EphemeralQuota {
  readonly limits: EphemeralLimits;
  #bytes = 0;
  #besideBytes = 0;

  constructor(limits: EphemeralLimits) {
    this.limits = limits;
  }

  /** The size of all accounts together, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws {ServerError} `validation-failed` when this many apps already reach the limit. */
  assertAnother(apps: number): void {
    const { maxApps } = this.limits;
    if (apps < maxApps) return;
    throw refused(
      `This backend has ${apps} ephemeral apps, and takes ${maxApps}: option "ephemeralApps.maxApps", --max-ephemeral-apps. One goes 15 days after it was created, or when the operator deletes it`,
    );
  }

  /** Opens the account of an ephemeral app. */
  open(): Account {
    let own = 0;
    let ownBeside = 0;
    let isClosed = false;
    const grow = (bytes: number): void => {
      // An upload may outlive its app.
      if (isClosed) return;
      own += bytes;
      this.#bytes += bytes;
    };
    const keepBeside = (bytes: number): boolean => {
      if (isClosed) return true;
      if (bytes > 0 && this.#besideBytes + bytes > this.limits.maxBytes) return false;
      ownBeside += bytes;
      this.#besideBytes += bytes;
      return true;
    };
    return {
      isLimited: true,
      grow,
      keepBeside,
      close: () => {
        grow(-own);
        keepBeside(-ownBeside);
        isClosed = true;
      },
      assertRoom: (bytes) => this.#assertRoom(bytes),
    };
  }

  #assertRoom(bytes: number): void {
    const { maxBytes } = this.limits;
    // A change that shrinks an app is accepted even when the quota is exceeded.
    if (bytes <= 0 || this.#bytes + bytes <= maxBytes) return;
    throw refused(
      `The ephemeral apps of this backend hold at most ${maxBytes} bytes together, with their files: option "ephemeralApps.maxBytes", --max-ephemeral-bytes`,
    );
  }
}

function refused(message: string): ServerError {
  return validationFailed('ephemeral-app', null, [{ message }]);
}
