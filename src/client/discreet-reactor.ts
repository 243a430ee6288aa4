import { type Logger, Reactor, type RoomsOf } from '@instantdb/core';
import { InstantNodeError } from '../errors.ts';
import { isObject } from '../protocol/json.ts';
import type { CoreConfig } from './config/node-config.ts';
import type { AnySchema } from './schema/any-schema.ts';
import { conceal } from './secrecy/conceal.ts';
import { sealed, sealUserIn, unsealed } from './secrecy/sealed-user.ts';
import type { Secrets } from './secrecy/secrets.ts';

/** What core's constructor takes, and the secrets that are to stay with the reactor. */
export interface CoreParts {
  core: CoreConfig;
  Store: unknown;
  network: unknown;
  versions: Record<string, string>;
  EventSource: unknown;
  secrets: Secrets;
}

/** Core's constructor returns early, and says nothing, where it does not find the browser that `host.ts` shows it. */
function assertConstructed({ kv }: { kv: unknown }): void {
  if (kv) return;
  throw new InstantNodeError(
    'unsupported-runtime',
    'Cannot open a database: @instantdb/core takes this for a place where it is not to connect, as a bundler has changed what it asks of its surroundings',
    {
      hint: "Leave the package out of the bundle: in Next.js by serverExternalPackages: ['@instantdb/node'], elsewhere among the bundler's externals",
    },
  );
}

type CurrentUser = Awaited<ReturnType<Reactor['_getCurrentUser']>>;

/**
 * Core's reactor, which shows no token to whoever prints it, or anything that leads to it, and tells none in an error.
 *
 * Underscored methods are core's; each override says what core does and why that is wrong on a server.
 */
export abstract class DiscreetReactor<Schema extends AnySchema> extends Reactor<RoomsOf<Schema>> {
  readonly #adminToken: string | undefined;
  readonly #secrets: Secrets;
  /** Where core and this package log: the same object for both, as long as there is a database. */
  protected readonly logger: Logger;

  constructor({ core, Store, network, versions, EventSource, secrets }: CoreParts) {
    // Core keeps the token among the options, where whoever prints the database finds it.
    const { __adminToken, ...shown } = core;
    super(shown, Store as never, network as never, versions, EventSource as never);
    assertConstructed(this);
    this.#adminToken = __adminToken;
    this.#secrets = secrets;
    this.logger = core.logger;
    sealUserIn(this.kv);
    conceal(this, '_currentUserCached');
  }

  /** `value` without the tokens that this database knows; an error stays the same object. */
  withoutSecrets<T>(value: T, more?: readonly unknown[]): T {
    return this.#secrets.leaveOut(value, more);
  }

  /** Logs to `logger` from now on, and with `verbose` what is sent and received, where they are given. */
  changeLogging({ verbose, logger }: { verbose?: boolean; logger?: Logger }): void {
    if (logger) Object.assign(this.logger, this.#secrets.redacting(logger));
    if (verbose === undefined) return;
    // What core makes of the option, once.
    for (const level of ['info', 'debug', 'error'] as const) {
      this._log[level] = verbose ? (...args) => this.logger[level](...args, this._reactorStats()) : () => {};
    }
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
  override setCurrentUser(user: CurrentUser | null): Promise<void> {
    this.#secrets.note(user?.refresh_token);
    return super.setCurrentUser(sealed(user));
  }

  override async _getCurrentUser(options?: { forceReadFromStorage?: boolean }): Promise<CurrentUser> {
    const held = unsealed(await super._getCurrentUser(options));
    // Older versions of core stored it as JSON.
    const user: CurrentUser = typeof held === 'string' ? JSON.parse(held) : held;
    this.#secrets.note(user?.refresh_token);
    return user;
  }

  // A server says with an error what it was about, the tokens of an `init` among it. Core tells that to callbacks, in
  // errors, and on the console.
  override _handleReceive(connectionId: string, message: unknown): void {
    const isError = isObject(message) && message.op === 'error';
    super._handleReceive(connectionId, isError ? this.#discreet(message) : message);
  }

  #discreet(refusal: Record<string, unknown>): Record<string, unknown> {
    const shown = this.withoutSecrets(refusal);
    const { 'original-event': said } = refusal;
    // Core finds the subscribers by the query, to the letter.
    if (shown === refusal || !isObject(said) || !('q' in said)) return shown;
    return { ...shown, 'original-event': { ...(shown['original-event'] as object), q: said.q } };
  }
}
