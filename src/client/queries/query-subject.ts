import type { DiagnosticsQuery } from '../diagnostics/channel-payloads.ts';
import { shapeOf } from './query-once.ts';

/** What is told of a query: its names, and its hash once that is known. */
export function querySubject(query: unknown, hash?: string): DiagnosticsQuery {
  return { ...(hash !== undefined && { hash }), ...namesOf(query) };
}

/** How many entities an answer has at its top. */
export function entitiesIn(answer: unknown): number {
  const { data } = Object(answer) as { data?: unknown };
  return Object.values(Object(data)).reduce<number>(
    (sum, entities) => sum + (Array.isArray(entities) ? entities.length : 0),
    0,
  );
}

// What cannot be read here cannot be sent either, and the call fails by itself.
function namesOf(query: unknown): Pick<DiagnosticsQuery, 'shape' | 'namespaces'> {
  try {
    const namespaces = Object.keys(Object(query)).filter((name) => name !== '$$ruleParams');
    return { shape: shapeOf(query), namespaces };
  } catch {
    return { shape: '{}', namespaces: [] };
  }
}
