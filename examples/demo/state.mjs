import { createHash } from 'node:crypto';

/** The data set's namespaces, with the links of each: everything that the demo compares. */
export const EVERYTHING = { users: { bookshelves: {} }, bookshelves: { books: {} }, books: {}, markers: {} };

const NAMESPACES = Object.keys(EVERYTHING);

/**
 * The state of the app as one text, from the answer of a client to the query EVERYTHING: an entity a line, its values
 * and the ids it is linked to in a fixed order.
 */
export function stateOfAnswer(data) {
  return canonical(NAMESPACES.flatMap((etype) => data[etype].map((entity) => [etype, entity])));
}

/** The same text, from the triples that the backend stores. */
export function stateOfTriples({ attrs, triples }) {
  const byId = new Map(attrs.map((attr) => [attr.id, attr]));
  const entities = new Map();
  for (const [e, a, value] of triples) {
    const [, etype, label] = byId.get(a)['forward-identity'];
    if (!NAMESPACES.includes(etype)) continue;
    const key = `${etype}/${e}`;
    if (!entities.has(key)) entities.set(key, [etype, {}]);
    const entity = entities.get(key)[1];
    if (byId.get(a)['value-type'] === 'ref') entity[label] = [...(entity[label] ?? []), { id: value }];
    else entity[label] = value;
  }
  return canonical([...entities.values()]);
}

export function digest(state) {
  return createHash('sha256').update(state).digest('hex');
}

function canonical(entities) {
  return entities
    .map(([etype, entity]) => `${etype} ${JSON.stringify(Object.entries(entity).flatMap(field).sort())}`)
    .sort()
    .join('\n');
}

/** Values that are not there, null and an empty list of links are one and the same to a reader. */
function field([label, value]) {
  const isLinks = Array.isArray(value) && value.every((one) => typeof one?.id === 'string');
  if (value === null || value === undefined || (isLinks && value.length === 0)) return [];
  return [[label, isLinks ? value.map(({ id }) => id).sort() : value]];
}
