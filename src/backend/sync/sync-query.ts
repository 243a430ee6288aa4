import type { Triple } from '../../protocol/attr.ts';
import { type ServerError, validationFailed } from '../../protocol/error.ts';
import { isObject, type JsonValue } from '../../protocol/json.ts';
import { parseQuery } from '../query/parse-query.ts';
import { planQuery } from '../query/plan-query.ts';
import type { QueryForm } from '../query/query-form.ts';
import type { AppData } from '../store/app-data.ts';
import type { OrderSpec } from '../store/reader.ts';

/** What a client syncs: one namespace, in some order. */
export interface SyncQuery {
  readonly etype: string;
  readonly order: OrderSpec;
  readonly descending: boolean;
}

/**
 * Parses the query of a `start-sync`.
 *
 * @throws {ServerError} when it is not a query, or not one that can be synced.
 */
export function parseSyncQuery({ catalog }: AppData, q: JsonValue): SyncQuery {
  const parsed = parseQuery(q);
  planQuery({ catalog, query: q, admin: true }, parsed);
  const [form, ...others] = parsed.forms;
  if (!form) throw refused(q, 'Query is empty.');
  if (others.length > 0) throw refused(q, 'Query can only fetch a single namespace');
  const idAttr = catalog.byForward(form.label, 'id')?.id;
  if (idAttr === undefined) throw refused(q, 'No matching table.');
  if (form.children.length > 0) throw refused(q, 'Links are not yet supported.');
  if (optionNames(q, form).some((name) => name !== 'order')) {
    throw refused(q, 'Only order is currently supported.');
  }
  const { label, direction } = form.options.order ?? { label: 'serverCreatedAt', direction: 'asc' };
  const descending = direction === 'desc';
  if (label === 'serverCreatedAt') {
    return { etype: form.label, order: { kind: 'created', idAttr }, descending };
  }
  const attr = catalog.byForward(form.label, label);
  if (!attr) throw refused(q, `Unknown order field ${label}`);
  const type = attr['checked-data-type'];
  if (!attr['index?'] || !type) throw refused(q, 'Order field must be indexed with a checked data type.');
  return { etype: form.label, order: { kind: 'namespace', idAttr, attr: attr.id, type }, descending };
}

/** The current triples of every entity of the namespace, in order, as one array per entity. */
export function loadNamespace({ catalog, triples }: AppData, query: SyncQuery): Triple[][] {
  const attrs = [...catalog.ofEtype(query.etype)].filter(({ cardinality }) => cardinality === 'one');
  const order = triples.order(query.order);
  const rows = order
    .slice(0, order.size)
    .map(({ e }) => attrs.flatMap((attr) => triples.entityAttr(e, attr.id)));
  return query.descending ? rows.reverse() : rows;
}

function optionNames(q: JsonValue, { label }: QueryForm): string[] {
  const form = isObject(q) ? q[label] : undefined;
  const options = isObject(form) ? form.$ : undefined;
  return isObject(options) ? Object.keys(options) : [];
}

function refused(q: JsonValue, message: string): ServerError {
  return validationFailed('query', { q }, [{ message }]);
}
