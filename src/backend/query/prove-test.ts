import type { Triple } from '../../protocol/attr.ts';
import { canonicalJson, type JsonValue } from '../../protocol/json.ts';
import type { Reader } from '../store/reader.ts';
import type { LinkStep, Test } from './query-plan.ts';

/** A test prepared for many entities: returns the rows of triples that prove it for one, empty if it fails. */
export type TestProver = (e: string) => readonly (readonly Triple[])[];

/** The triples of an entity for an attribute, seen from either end. */
export function stepTriples(reader: Reader, step: LinkStep, e: string): readonly Triple[] {
  return step.forward ? reader.entityAttr(e, step.attr) : reader.attrValue(step.attr, e);
}

/** The entity, or value, at the other end of a triple. */
export function farEnd(step: LinkStep, triple: Triple): JsonValue {
  return step.forward ? triple[2] : triple[0];
}

/** The triple of this link, if it exists. Looked up at its holder, which is known to have few. */
export function linkBetween(reader: Reader, step: LinkStep, from: string, to: string): Triple | undefined {
  const [holder, target] = step.forward ? [from, to] : [to, from];
  return reader.entityAttr(holder, step.attr).find((triple) => triple[2] === target);
}

function rowsWhere(reader: Reader, step: LinkStep, accepts: (value: JsonValue) => boolean): TestProver {
  return (e) =>
    stepTriples(reader, step, e)
      .filter((triple) => accepts(farEnd(step, triple)))
      .map((triple) => [triple]);
}

/** Prepares a test for many entities. */
export function testProver(reader: Reader, test: Test): TestProver {
  switch (test.kind) {
    case 'filter':
      return rowsWhere(reader, test.step, test.accepts);
    case 'value': {
      if (!test.step.forward) {
        return (e) =>
          test.values.flatMap((holder) => {
            const triple = linkBetween(reader, test.step, e, String(holder));
            return triple ? [[triple]] : [];
          });
      }
      const keys = new Set(test.values.map(canonicalJson));
      return rowsWhere(reader, test.step, (value) => keys.has(canonicalJson(value)));
    }
    case 'empty':
      return (e) => {
        const triples = stepTriples(reader, test.step, e);
        const empty = test.missing ? triples.length === 0 : triples.every(([, , v]) => v === null);
        return empty ? idRows(reader, test.idAttr, e) : [];
      };
    case 'present':
      return (e) => {
        const triples = stepTriples(reader, test.step, e).filter(([, , v]) => v !== null);
        return idRows(reader, test.idAttr, e).flatMap(([id]) =>
          triples.map((triple) => (id ? [id, triple] : [triple])),
        );
      };
    case 'idPrefix':
      return (e) => (e.startsWith(test.prefix) ? idRows(reader, test.idAttr, e) : []);
  }
}

function idRows(reader: Reader, idAttr: string, e: string): Triple[][] {
  return reader.entityAttr(e, idAttr).map((triple) => [triple]);
}
