import type { WhenAnswered } from '../../../drivers/listen/contract.ts';
import { ServerError } from '../../../protocol/error.ts';
import { isObject } from '../../../protocol/json.ts';
import { excessOf, MAX_DEPTH, MAX_VALUES } from '../../../protocol/json-limits.ts';
import { paramMalformed, paramMissing } from '../../../protocol/param-error.ts';
import { requiredUuid } from '../../../protocol/params.ts';
import { isUuid } from '../../../protocol/uuid.ts';
import { readBody } from '../../files/read-body.ts';

/** The largest JSON body accepted: 64 MiB, as for a session message. */
const MAX_BODY_BYTES: number = 64 * 1024 * 1024;

/** A body exceeds a limit on its length or content. */
export class BodyTooLargeError extends ServerError {
  /** `limit` states what is allowed. */
  constructor(limit: string) {
    super('param-malformed', `Malformed parameter: ["body"]: ${limit}`, { in: ['body'] });
    this.name = 'BodyTooLargeError';
  }
}

/** A request that matched a route. */
export class HttpRequest {
  readonly raw: Request;
  readonly url: URL;
  /** The address it comes from, which may be a proxy's; null when unknown. */
  readonly ip: string | null;
  /** How long the next chunk of its body may take, in milliseconds. */
  readonly bodyIdleMs: number;
  /** Runs something after the answer, see {@link WhenAnswered}. */
  readonly whenAnswered: WhenAnswered;
  readonly #params: Record<string, string>;

  constructor(
    raw: Request,
    {
      url,
      params,
      ip,
      bodyIdleMs,
      whenAnswered,
    }: Pick<HttpRequest, 'url' | 'ip' | 'bodyIdleMs' | 'whenAnswered'> & {
      params: Record<string, string>;
    },
  ) {
    this.raw = raw;
    this.url = url;
    this.ip = ip;
    this.bodyIdleMs = bodyIdleMs;
    this.whenAnswered = whenAnswered;
    this.#params = params;
  }

  /**
   * A path parameter that must be a UUID, in lower case.
   *
   * @throws {ServerError} `param-malformed` when it is not.
   */
  uuidParam(name: string): string {
    return requiredUuid(['params', name], this.#params[name]);
  }

  /**
   * The JSON body; an empty one counts as `{}`.
   *
   * @throws {ServerError} `param-malformed` when it is not a JSON object, or exceeds the limits on depth, number of
   * values or length; `operation-timed-out` when it arrives too slowly.
   */
  async body(): Promise<JsonBody> {
    const { text, bytes } = await readText(this.raw, this.bodyIdleMs);
    if (text === '') return new JsonBody({});
    const excess = excessOf(text);
    if (excess === 'depth') throw paramMalformed(['body'], `nests deeper than ${MAX_DEPTH}`);
    if (excess === 'values') throw new BodyTooLargeError(`a body holds at most ${MAX_VALUES} JSON values`);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw paramMalformed(['body'], text.slice(0, 100));
    }
    if (!isObject(value)) throw paramMalformed(['body'], value);
    return new JsonBody(value, 'body', bytes);
  }

  /** The fields of a posted form, which is how a provider sends browsers back from a sign-in. */
  async form(): Promise<JsonBody> {
    const { text } = await readText(this.raw, this.bodyIdleMs);
    return new JsonBody(Object.fromEntries(new URLSearchParams(text)), 'params');
  }

  /** The parameters in the query string and in the path. */
  query(): JsonBody {
    return new JsonBody({ ...Object.fromEntries(this.url.searchParams), ...this.#params }, 'params');
  }
}

/** The fields of a JSON body; its errors name the missing or malformed one. */
export class JsonBody {
  readonly #fields: Record<string, unknown>;
  readonly #where: string;
  /** The length of the body. */
  readonly bytes: number;

  /** `where` names the place of the fields in error messages. */
  constructor(fields: Record<string, unknown>, where = 'body', bytes = 0) {
    this.bytes = bytes;
    this.#fields = fields;
    this.#where = where;
  }

  /** All fields, unchanged. */
  get fields(): Readonly<Record<string, unknown>> {
    return this.#fields;
  }

  /** Whether a field exists, even if it is null. */
  has(name: string): boolean {
    return Object.hasOwn(this.#fields, name);
  }

  /** A field, unchanged; undefined when it is absent or null. */
  optional(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? (this.#fields[name] ?? undefined) : undefined;
  }

  /** These fields, completed by those of `other`. */
  or(other: JsonBody): JsonBody {
    return new JsonBody({ ...other.#fields, ...this.#fields }, this.#where);
  }

  /** A string that is not blank, trimmed. */
  text(name: string): string {
    return this.required(name, (value) => {
      if (typeof value !== 'string') return undefined;
      if (value.trim() === '') throw paramMissing([this.#where, name]);
      return value.trim();
    });
  }

  /** A UUID, in lower case. */
  uuid(name: string): string {
    return this.required(name, lowerUuid);
  }

  /** A UUID, in lower case; undefined when absent or null. */
  optionalUuid(name: string): string | undefined {
    return this.optional(name) === undefined ? undefined : this.uuid(name);
  }

  /** A field that must exist and that `read` must accept. */
  required<T>(name: string, read: (value: unknown) => T | undefined): T {
    const value = this.optional(name);
    if (value === undefined) throw paramMissing([this.#where, name]);
    const result = read(value);
    if (result === undefined) throw paramMalformed([this.#where, name], value);
    return result;
  }
}

function lowerUuid(value: unknown): string | undefined {
  return isUuid(value) ? value.toLowerCase() : undefined;
}

function tooLong(): BodyTooLargeError {
  return new BodyTooLargeError(`a body has at most ${MAX_BODY_BYTES} bytes`);
}

async function readText(request: Request, idleMs: number): Promise<{ text: string; bytes: number }> {
  if (Number(request.headers.get('content-length')) > MAX_BODY_BYTES) throw tooLong();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of readBody(request.body, idleMs)) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) break;
    text += decoder.decode(chunk, { stream: true });
  }
  if (bytes <= MAX_BODY_BYTES) return { text: text + decoder.decode(), bytes };
  // Without this check, a body that announces no length could exhaust memory.
  void request.body?.cancel().catch(() => {});
  throw tooLong();
}
