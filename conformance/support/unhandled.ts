import { onTestFinished } from 'vitest';
import { type Inbox, inbox } from './inbox.ts';

const EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

/** Takes what nobody caught, in place of Vitest, which would fail the run for it; until the test ends. */
export function takeUncaught(): Inbox<unknown> {
  const taken = inbox<unknown>();
  for (const event of EVENTS) {
    const others = process.rawListeners(event) as ((error: unknown) => void)[];
    process.removeAllListeners(event);
    process.on(event, taken.push);
    onTestFinished(() => {
      process.removeListener(event, taken.push);
      for (const listener of others) process.on(event, listener);
    });
  }
  return taken;
}
