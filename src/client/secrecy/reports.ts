import type { Logger } from '@instantdb/core';
import type { InstantNodeError } from '../../errors.ts';
import { Emitter } from '../timing/emitter.ts';
import type { Secrets } from './secrets.ts';

/** Reports failures in the background to subscribers or the log, without any of the database's secrets. */
export class Reports {
  readonly errors: Emitter<InstantNodeError> = new Emitter();
  /** Where core and this package log: one object for both, for the life of the database. */
  readonly logger: Logger;
  readonly #secrets: Secrets;

  constructor(logger: Logger, secrets: Secrets) {
    this.logger = logger;
    this.#secrets = secrets;
  }

  /** Reports to subscribers, or else to the log. */
  report(error: InstantNodeError): void {
    this.withoutSecrets(error);
    if (this.errors.size > 0) this.errors.emit(error);
    else
      this.logger.error(
        `[instant] ${[error.message, error.hint].filter(Boolean).join('. ')}`,
        error.cause ?? '',
      );
  }

  /** `value` without the tokens that this database knows; an error stays the same object. */
  withoutSecrets<T>(value: T, more?: readonly unknown[]): T {
    return this.#secrets.leaveOut(value, more);
  }

  /** Notes the token of a user. */
  noteToken(token: unknown): void {
    this.#secrets.note(token);
  }

  /** Logs to `logger` from now on. */
  changeLogger(logger: Logger): void {
    Object.assign(this.logger, this.#secrets.redacting(logger));
  }

  /** What core makes once from its option `verbose`: functions that log with core's `stats`, or do nothing. */
  logging(isVerbose: boolean, stats: () => unknown): Logger {
    const log =
      (level: keyof Logger): Logger['info'] =>
      (...args) =>
        this.logger[level](...args, stats());
    const nothing = (): void => {};
    return isVerbose
      ? { info: log('info'), debug: log('debug'), error: log('error') }
      : { info: nothing, debug: nothing, error: nothing };
  }
}
