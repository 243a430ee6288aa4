import type { BackendApp } from '@instantdb/node/backend';
import { type Attr, etypeOf, labelOf } from '../../src/protocol/attr.ts';
import { atPath } from './compare-answer.ts';
import type { OpenCase } from './fixture.ts';

/** The values that names, placeholders and references to earlier answers in a protocol case stand for. */
export class CaseValues {
  readonly #opened: readonly OpenCase[];
  readonly #apps: ReadonlyMap<string, BackendApp>;
  readonly #sessionIds = new Map<string, string>();
  /** By step: `{status, body}` of a request, or the messages that were heard. */
  readonly #answers: unknown[] = [];

  constructor(opened: readonly OpenCase[], apps: ReadonlyMap<string, BackendApp>) {
    this.#opened = opened;
    this.#apps = apps;
  }

  /** Keeps the answer to the next step. Every step has one. */
  noteAnswer(answer: unknown): void {
    this.#answers.push(answer);
  }

  noteSession(socket: string, sessionId: string): void {
    this.#sessionIds.set(socket, sessionId);
  }

  /** A value of a case with ids for names, and what placeholders and references stand for, keys included. */
  fill(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.fill(item));
    if (typeof value !== 'object' || value === null) return value;
    const { $ref, $repeat } = value as { $ref?: Reference; $repeat?: [text: string, times: number] };
    if ($ref) return this.#answered($ref);
    if ($repeat) return $repeat[0].repeat($repeat[1]);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.fill(item)]));
  }

  /** A text of a case with what it stands for. */
  text(text: string): string {
    const filled = text.replace(/\{(\w+)\.([\w-]+)\}/g, (_, name: string, field: string) =>
      this.#placeholder(name, field),
    );
    return this.#idOf(filled);
  }

  /** A triple of an answer with `etype/label` for the id of its attribute, and without its time. */
  nameTriple([e, a, v]: readonly unknown[], attrs: readonly Attr[]): unknown[] {
    const attr = attrs.find(({ id }) => id === a);
    return [e, attr ? `${etypeOf(attr)}/${labelOf(attr)}` : a, v];
  }

  /** The id behind a name of any of the apps; a text that is no name as it is. */
  #idOf(text: string): string {
    let unknown: unknown;
    for (const opened of this.#opened) {
      try {
        const id = String(opened.toIds(text));
        if (id !== text) return id;
      } catch (error) {
        unknown = error;
      }
    }
    if (unknown) throw unknown;
    return text;
  }

  #placeholder(name: string, field: string): string {
    const app = this.#apps.get(name);
    if (app && (field === 'id' || field === 'adminToken')) return app[field];
    const session = field === 'session-id' ? this.#sessionIds.get(name) : undefined;
    if (session !== undefined) return session;
    throw new Error(`Nothing is known of {${name}.${field}}`);
  }

  #answered({ step, path }: Reference): unknown {
    const answer = this.#answers[step];
    // Most messages come alone: a path may leave out which of those heard it is about.
    const places = Array.isArray(answer) ? [answer, ...answer] : [answer];
    const found = places.map((place) => atPath(place, path)).find((value) => value !== undefined);
    if (found === undefined) throw new Error(`The answer to step ${step} has nothing at "${path}"`);
    return found;
  }
}

interface Reference {
  readonly step: number;
  readonly path: string;
}
