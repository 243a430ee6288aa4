import type { DiagnosticsError } from './channel-payloads.ts';

/** What is told of a failure whose kind cannot be told. */
const OTHER = '_OTHER';

/** What is told of an error, or of the plain object that stands for one: its kind, and nothing that it says. */
export function errorKind(error: unknown): DiagnosticsError {
  const { name, code, type, status } = Object(error) as Record<string, unknown>;
  const named = asName(name) ?? 'Error';
  // A server's type says more than the code that is derived from it, unless it is the session that is refused.
  const isOurs = name === 'InstantNodeError' || code === 'connection-failed';
  const [first, second] = isOurs ? [code, type] : [type, code];
  const kind = asName(first) ?? asName(second) ?? asName(name) ?? OTHER;
  return { name: named, code: kind, ...(isStatus(status) && { status }) };
}

/** Only what looks like a name is one: a server, or whoever aborts a call, may say anything. */
function asName(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z_][\w.-]{0,63}$/.test(value) ? value : undefined;
}

function isStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599;
}
