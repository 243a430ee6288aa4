import { type ServerError, validationFailed } from '../../protocol/error.ts';

/** What the ephemeral apps of a backend may be, all together. */
export interface EphemeralLimits {
  /** Whether anybody may make one. */
  readonly enabled: boolean;
  readonly maxApps: number;
  readonly maxBytes: number;
}

/** What one app takes of what it may share with others. */
export interface Account {
  /** @throws {ServerError} `validation-failed` when there is no room for so many bytes more. */
  assertRoom(bytes: number): void;
  /** Notes that the app has become larger, or smaller by a negative number of bytes. */
  grow(bytes: number): void;
  /**
   * Notes what the app keeps beside its data and can do without, or gives up by a negative number of bytes, and says
   * whether there is room: all accounts have as much again for it as for their data.
   */
  keepBeside(bytes: number): boolean;
  /** Whether anything is counted: where not, nobody has to find out how much it would be. */
  readonly isLimited: boolean;
  /** The app is gone, or is one of the operator's: it takes nothing any more. */
  close(): void;
}

/** The account of an app that may take as much as there is. */
export const UNLIMITED: Account = {
  isLimited: false,
  assertRoom() {},
  grow() {},
  keepBeside: () => true,
  close() {},
};

/** Counts what the apps that anybody may make take, so that they cannot take everything. */
export class EphemeralQuota {
  readonly limits: EphemeralLimits;
  #bytes = 0;
  #besideBytes = 0;

  constructor(limits: EphemeralLimits) {
    this.limits = limits;
  }

  /** What all accounts take, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws {ServerError} `validation-failed` when so many apps are as many as there may be. */
  assertAnother(apps: number): void {
    const { maxApps } = this.limits;
    if (apps < maxApps) return;
    throw refused(
      `This backend has ${apps} ephemeral apps, and takes ${maxApps}: option "ephemeralApps.maxApps", --max-ephemeral-apps. One goes 15 days after it was created, or when the operator deletes it`,
    );
  }

  /** The account of an ephemeral app. */
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
    // What makes an app smaller is welcome when there is no room at all.
    if (bytes <= 0 || this.#bytes + bytes <= maxBytes) return;
    throw refused(
      `The ephemeral apps of this backend hold at most ${maxBytes} bytes together, with their files: option "ephemeralApps.maxBytes", --max-ephemeral-bytes`,
    );
  }
}

function refused(message: string): ServerError {
  return validationFailed('ephemeral-app', null, [{ message }]);
}
