import { ServerError } from './error.ts';

function named(path: readonly string[]): string {
  return `[${path.map((part) => JSON.stringify(part)).join(' ')}]`;
}

/** A `param-missing` error. `path` says where the parameter was expected: `['app-id']`, `['body', 'title']`. */
export function paramMissing(path: readonly string[]): ServerError {
  return new ServerError('param-missing', `Missing parameter: ${named(path)}`, { in: path });
}

/** A `param-malformed` error. `input` is the value found at `path`. */
export function paramMalformed(path: readonly string[], input: unknown): ServerError {
  const hint = { in: path, 'original-input': input };
  return new ServerError('param-malformed', `Malformed parameter: ${named(path)}`, hint);
}
