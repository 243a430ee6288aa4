import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { onTestFinished } from 'vitest';

/** A message as it was when it was told. */
export interface Heard {
  readonly name: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** The object itself. */
  readonly same: unknown;
}

/** The events of a traced call. */
export const traceEvents: readonly string[] = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

/** What is told on channels from now on, until the test ends. */
export function hear(...names: readonly string[]): Heard[] {
  const heard: Heard[] = [];
  for (const name of names) {
    const take = (message: unknown): void => {
      heard.push({ name, payload: { ...(message as object) }, same: message });
    };
    subscribe(name, take);
    onTestFinished(() => void unsubscribe(name, take));
  }
  return heard;
}

/** The same for all events of a traced call. */
export function hearTrace(name: string): Heard[] {
  return hear(...traceEvents.map((event) => `tracing:${name}:${event}`));
}
