import type { DiagnosticsError } from './channel-payloads.ts';

/** What is told of a failure whose kind cannot be told. */
const OTHER = '_OTHER';

/** What is told of an error, or of the plain object that stands for one: its kind, and nothing that it says. */
export function errorKind(error: unknown): DiagnosticsError {
  const { name, status, cause } = partsOf(error);
  const causeCode = codeOf(partsOf(cause));
  return {
    name: asName(name) ?? 'Error',
    code: codeOf(partsOf(error)) ?? OTHER,
    ...(causeCode !== undefined && causeCode !== 'Error' && { cause: causeCode }),
    ...(isStatus(status) && { status }),
  };
}

type Parts = Readonly<Partial<Record<'name' | 'code' | 'type' | 'status' | 'cause', unknown>>>;

/** What an error has; nothing of one that throws when it is read, as whoever aborts a call may give. */
function partsOf(error: unknown): Parts {
  try {
    const { name, code, type, status, cause } = Object(error) as Parts;
    return { name, code, type, status, cause };
  } catch {
    return {};
  }
}

function codeOf({ name, code, type }: Parts): string | undefined {
  // A server's type says more than the code that is derived from it, unless it is the session that is refused.
  const isOurs = name === 'InstantNodeError' || code === 'connection-failed';
  const [first, second] = isOurs ? [code, type] : [type, code];
  return asName(first) ?? asName(second) ?? asName(name);
}

/** Only what looks like a name is one: a server, or whoever aborts a call, may say anything. */
function asName(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z_][\w.-]{0,63}$/.test(value) ? value : undefined;
}

function isStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599;
}
