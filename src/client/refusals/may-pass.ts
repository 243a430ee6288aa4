/** Refusals that say nothing about the write: the server was too slow or too busy, or takes no writes for now. */
const PASSING: ReadonlySet<string> = new Set([
  'operation-timed-out',
  'timeout',
  'rate-limited',
  'app-read-only',
  'app-disabled',
]);

/**
 * Whether a write that was refused this way may be accepted later, unchanged. The server's own failures have no type.
 */
export function mayPass({ type, status = 0 }: { type?: string; status?: number }): boolean {
  return type === undefined ? status >= 500 : PASSING.has(type);
}
