import { type Refusal, refusedBy } from '../refusals/server-refusal.ts';

/** What a sync table tells, as far as it is read here. */
interface TableEvent {
  error?: Refusal;
}

/** `callback`, which is told what core does not say of a refusal. */
export function tellingRefusals(callback: (event: object) => void): (event: TableEvent) => void {
  return (event) => callback(event.error ? { ...event, error: refusedBy(event.error, event.error) } : event);
}
