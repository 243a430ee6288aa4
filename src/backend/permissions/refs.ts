import { type Attr, etypeOf } from '../../protocol/attr.ts';
import { recordNotFound, validationFailed } from '../../protocol/error.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { QuerySource } from '../query/index.ts';
import { charge } from './cel/meter.ts';

interface Step {
  readonly attr: Attr;
  readonly forward: boolean;
  /** The namespace at the other end. */
  readonly etype: string;
}

/**
 * The values at the end of a path of labels that starts at an entity; all but the last are links. A value reached in
 * several ways occurs several times. An entity that never got its id has none.
 *
 * @throws {ServerError} `record-not-found` when a label is unknown, `validation-failed` when one is not a link.
 */
export function refValues(source: QuerySource, etype: string, e: string, path: string): JsonValue[] {
  const labels = path.split('.');
  const last = labels.pop() ?? '';
  const { catalog, reader } = source;
  const idAttr = catalog.byForward(etype, 'id');
  if (!idAttr) throw unknownAttr(etype, 'id');
  let here = reader.entityAttr(e, idAttr.id).map((triple) => triple[0]);
  let at = etype;
  for (const label of labels) {
    const step = linkStep(source, at, label);
    here = here.flatMap((entity) => follow(source, step, entity)).filter((to) => typeof to === 'string');
    at = step.etype;
  }
  const step = findStep(source, at, last);
  return here.flatMap((entity) => follow(source, step, entity));
}

function follow({ reader }: QuerySource, { attr, forward }: Step, e: string): JsonValue[] {
  const triples = forward ? reader.entityAttr(e, attr.id) : reader.attrValue(attr.id, e);
  charge(1 + triples.length);
  return triples.map((triple) => (forward ? triple[2] : triple[0]));
}

function linkStep(source: QuerySource, etype: string, label: string): Step {
  const step = findStep(source, etype, label);
  if (step.attr['value-type'] === 'ref') return step;
  throw validationFailed('attr', step.attr, [{ message: `${etype}.${label} needs to be a link` }]);
}

function findStep({ catalog }: QuerySource, etype: string, label: string): Step {
  const forward = catalog.byForward(etype, label);
  if (forward) return { attr: forward, forward: true, etype: forward['reverse-identity']?.[1] ?? '' };
  const reverse = catalog.byReverse(etype, label);
  if (reverse) return { attr: reverse, forward: false, etype: etypeOf(reverse) };
  throw unknownAttr(etype, label);
}

function unknownAttr(etype: string, label: string): Error {
  return recordNotFound('attr', { etype, label });
}
