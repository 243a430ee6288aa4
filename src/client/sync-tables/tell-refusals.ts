import { type Refusal, refusedBy } from '../refusals/server-refusal.ts';

/** An event of a sync table, as far as it is read here. */
interface TableEvent {
  error?: Refusal;
}

/** Wraps `callback` so that the error of a refusal is known as one. */
export function tellingRefusals(callback: (event: object) => void): (event: TableEvent) => void {
  return (event) => callback(event.error ? { ...event, error: refusedBy(event.error, event.error) } : event);
}
