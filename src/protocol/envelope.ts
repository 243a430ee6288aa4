import type { JsonValue } from './json.ts';

/** What every message of a server carries. */
export interface Down<Op extends string> {
  op: Op;
  'trace-id': string | null;
}

/** What every answer carries: which event it answers. */
export interface Answer<Op extends string> extends Down<Op> {
  'client-event-id'?: JsonValue;
}
