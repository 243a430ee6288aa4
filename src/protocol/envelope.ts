import type { JsonValue } from './json.ts';

/** The fields of every message from a server. */
export interface Down<Op extends string> {
  op: Op;
  'trace-id': string | null;
}

/** The fields of every answer: which event it answers. */
export interface Answer<Op extends string> extends Down<Op> {
  'client-event-id'?: JsonValue;
}
