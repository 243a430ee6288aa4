import type { Attr } from '../protocol/attr.ts';
import { recordNotFound } from '../protocol/error.ts';
import { App, type AppIdentity } from './app.ts';
import type { BackendHost } from './host.ts';
import type { AppData } from './store/app-data.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** How long an ephemeral app lives, from its creation. */
export const EPHEMERAL_LIFETIME_MS: number = 14 * DAY_MS;

/** A day longer than promised, so that nobody who counts in another time zone is surprised. */
const SWEEP_AFTER_MS = EPHEMERAL_LIFETIME_MS + DAY_MS;

/** The apps of one backend, by id. */
export class Apps {
  readonly #apps = new Map<string, App>();
  readonly #host: BackendHost;

  constructor(host: BackendHost) {
    this.#host = host;
  }

  /**
   * Creates an app with a new admin token, and with the attributes that `attrsFor` gives for it; when that throws,
   * there is no app. The id must not be in use, see {@link has}.
   */
  create(
    { id, title, ephemeral }: Pick<AppIdentity, 'id' | 'title' | 'ephemeral'>,
    attrsFor: (data: AppData) => readonly Attr[] = () => [],
  ): App {
    this.#sweep();
    const identity = { id, title, ephemeral, adminToken: this.#host.newId(), createdAt: this.#host.now() };
    const app = new App(identity, this.#host);
    const attrs = attrsFor(app.data);
    if (attrs.length > 0) app.load(attrs, []);
    this.#apps.set(id, app);
    return app;
  }

  has(id: string): boolean {
    return this.#apps.has(id);
  }

  /** @throws {ServerError} `record-not-found` when there is no such app. */
  get(id: string): App {
    const app = this.#apps.get(id);
    if (!app) throw recordNotFound('app', { id });
    return app;
  }

  /** Removes an app and ends its sessions. */
  delete(app: App): void {
    this.#apps.delete(app.identity.id);
    app.end();
  }

  #sweep(): void {
    const tooOld = this.#host.now() - SWEEP_AFTER_MS;
    for (const app of this.#apps.values()) {
      if (app.identity.ephemeral && app.identity.createdAt < tooOld) this.delete(app);
    }
  }
}
