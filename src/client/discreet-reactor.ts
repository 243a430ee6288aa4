import { type Logger, Reactor, type RoomsOf } from '@instantdb/core';
import type { InstantNodeError } from '../errors.ts';
import { isObject } from '../protocol/json.ts';
import type { CoreConfig } from './config/node-config.ts';
import { assertConstructed } from './host.ts';
import type { AnySchema } from './schema/any-schema.ts';
import { conceal } from './secrecy/conceal.ts';
import { discreetRefusal } from './secrecy/discreet-refusal.ts';
import type { Reports } from './secrecy/reports.ts';
import { sealed, sealUserIn, unsealed } from './secrecy/sealed-user.ts';

/** What core's constructor takes, and where it reports to. */
export interface CoreParts {
  core: CoreConfig;
  Store: unknown;
  network: unknown;
  versions: Record<string, string>;
  EventSource: unknown;
  reports: Reports;
}

type User = Awaited<ReturnType<Reactor['_getCurrentUser']>>;

/**
 * Core's reactor, which shows no token to whoever prints it, or anything that leads to it, and tells none in an error.
 *
 * Underscored methods are core's; each override says what core does and why that is wrong on a server.
 */
export abstract class DiscreetReactor<Schema extends AnySchema> extends Reactor<RoomsOf<Schema>> {
  readonly #adminToken: string | undefined;
  protected readonly reports: Reports;

  constructor({ core, Store, network, versions, EventSource, reports }: CoreParts) {
    // Core keeps the token among the options, where whoever prints the database finds it.
    const { __adminToken, ...shown } = core;
    super(shown, Store as never, network as never, versions, EventSource as never);
    assertConstructed(this);
    this.#adminToken = __adminToken;
    this.reports = reports;
    sealUserIn(this.kv);
    conceal(this, '_currentUserCached');
  }

  /** `value` without the tokens that this database knows; an error stays the same object. */
  withoutSecrets<T>(value: T, more?: readonly unknown[]): T {
    return this.reports.withoutSecrets(value, more);
  }

  /** Tells subscribers, or else the log, of something that went wrong in the background. */
  report(error: InstantNodeError): void {
    this.reports.report(error);
  }

  /** Logs to `logger` from now on, and with `verbose` what is sent and received, where they are given. */
  changeLogging({ verbose, logger }: { verbose?: boolean; logger?: Logger }): void {
    if (logger) this.reports.changeLogger(logger);
    if (verbose === undefined) return;
    Object.assign(
      this._log,
      this.reports.logging(verbose, () => this._reactorStats()),
    );
  }

  // Here is where core would take the admin token from its options.
  override _trySend(eventId: string, message: { op: string }, options?: unknown): void {
    const isInit = message.op === 'init';
    super._trySend(
      eventId,
      isInit ? { ...message, '__admin-token': this.#adminToken } : message,
      options as never,
    );
  }

  // Core holds the user as a plain object, with their token.
  override setCurrentUser(user: User | null): Promise<void> {
    this.reports.noteToken(user?.refresh_token);
    return super.setCurrentUser(sealed(user));
  }

  override async _getCurrentUser(options?: { forceReadFromStorage?: boolean }): Promise<User> {
    const user = unsealed(await super._getCurrentUser(options)) as User;
    this.reports.noteToken(user?.refresh_token);
    return user;
  }

  // Core tells what a server says with an error to callbacks, in errors, and on the console.
  override _handleReceive(connectionId: string, message: unknown): void {
    const isError = isObject(message) && message.op === 'error';
    super._handleReceive(
      connectionId,
      isError ? discreetRefusal(message, (value) => this.reports.withoutSecrets(value)) : message,
    );
  }
}
