import { debuglog } from 'node:util';

/** The section of `NODE_DEBUG`. */
const SECTION = 'instant';

/** Whether `NODE_DEBUG` asks for what is told and traced: then it is printed to the standard error. */
// Bun (1.4.5) honours the variable and does not say whether it does.
export const isDebugging: boolean =
  (debuglog(SECTION) as { enabled?: boolean }).enabled ?? isNamedIn(process.env.NODE_DEBUG);

/** Prints one message, as `util.debuglog` would. */
// By the console: Deno (2.9.6) loses what `debuglog` has written last when the process ends.
export function printDebug(what: string, payload: object): void {
  console.error(`${SECTION.toUpperCase()} ${process.pid}: ${debugLine(what, payload)}`);
}

/** A message in one line: `instant:transact end appId=… changes=1`. Exported for its test. */
export function debugLine(what: string, payload: object): string {
  const fields = Object.entries(payload).flatMap(([name, value]) => {
    const shown = shownAs(value);
    return shown === undefined ? [] : [`${name}=${shown}`];
  });
  return [what, ...fields].join(' ');
}

/** Whether a list of sections has ours; `*` stands for anything. Exported for its test. */
export function isNamedIn(sections: string | undefined): boolean {
  return (sections ?? '').split(',').some((section) => {
    const parts = section
      .trim()
      .split('*')
      .map((part) => part.replace(/[^\w-]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`, 'i').test(SECTION);
  });
}

function shownAs(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toFixed(1)));
  if (Array.isArray(value)) return value.map(shownAs).join(',');
  if (typeof value === 'object' && value !== null && 'code' in value) return shownAs(value.code);
  return typeof value === 'string' && /^[^\s"=,]+$/.test(value) ? value : JSON.stringify(value);
}
