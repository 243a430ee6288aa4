import { type Attr, etypeOf, labelOf } from '../../protocol/attr.ts';
import { ServerError, validationFailed } from '../../protocol/error.ts';
import type { AppData } from '../store/app-data.ts';
import { upsert } from '../store/upsert.ts';
import type { AttrUpdate } from './tx-steps.ts';

interface Gap {
  e: string;
  attr: Attr;
}

/**
 * Refuses a transaction after which an entity that it touched lacks a required value. An entity of a namespace with
 * required attributes needs its id too; a deleted one needs nothing.
 */
export function checkRequired(data: AppData): void {
  const gaps = new Map<string, Gap[]>();
  for (const [etype, { required, entities }] of touched(data)) {
    for (const e of entities) {
      if (!isAlive(data, e, etype)) continue;
      for (const attr of required.filter(({ id }) => !hasValue(data, e, id))) {
        const ofAttr = gaps.get(attr.id);
        if (ofAttr) ofAttr.push({ e, attr });
        else gaps.set(attr.id, [{ e, attr }]);
      }
    }
  }
  if (gaps.size > 0) throw missingRequired([...gaps.values()]);
}

/** Refuses to make an attribute required while an entity of its namespace has no value for it. */
export function checkMadeRequired(data: AppData, updates: AttrUpdate[]): void {
  for (const update of updates) {
    const attr = update['required?'] ? data.catalog.byId(update.id) : undefined;
    if (!attr) continue;
    const [, etype, label] = attr['forward-identity'];
    // Like the server, this compares counts, and only considers entities with values of the app's own attributes, even
    // if the attribute in question is the system's.
    const own = [...data.catalog.ofEtype(etype)].filter((other) => other.catalog === 'user');
    if (entitiesWith(data, own).size === entitiesWith(data, [attr]).size) continue;
    const message = `Can't update attribute \`${label}\` to required because \`${etype}\` already have entities without it`;
    throw validationFailed('attributes', { id: attr.id }, [{ message }]);
  }
}

/** The entities with a value of one of the attributes. */
function entitiesWith({ triples }: AppData, attrs: readonly Attr[]): Set<string> {
  const found = new Set<string>();
  for (const attr of attrs) for (const [e, , v] of triples.attr(attr.id)) if (v !== null) found.add(e);
  return found;
}

interface Touched {
  readonly required: readonly Attr[];
  readonly entities: Set<string>;
}

/** The entities changed by the running transaction, by namespace, if that has required attributes. */
function touched(data: AppData): Map<string, Touched> {
  const byEtype = new Map<string, Touched>();
  for (const change of data.undoLog.changes) {
    const attr = change.kind === 'attr' ? undefined : data.catalog.byId(change.triple[1]);
    if (!attr || change.kind === 'attr') continue;
    const etype = etypeOf(attr);
    const found = upsert(byEtype, etype, () => ({
      required: requiredAttrs(data, etype),
      entities: new Set<string>(),
    }));
    if (found.required.length > 0) found.entities.add(change.triple[0]);
  }
  return byEtype;
}

function requiredAttrs({ catalog }: AppData, etype: string): Attr[] {
  const attrs = [...catalog.ofEtype(etype)];
  if (!attrs.some((attr) => attr['required?'])) return [];
  return attrs
    .filter((attr) => attr['required?'] || labelOf(attr) === 'id')
    .sort((a, b) => (labelOf(a) < labelOf(b) ? -1 : 1));
}

function isAlive(data: AppData, e: string, etype: string): boolean {
  for (const attr of data.catalog.ofEtype(etype)) if (hasValue(data, e, attr.id)) return true;
  return false;
}

function hasValue({ triples }: AppData, e: string, a: string): boolean {
  return triples.entityAttr(e, a).some(([, , v]) => v !== null);
}

function missingRequired(groups: Gap[][]): ServerError {
  const messages = groups.map((gaps) => {
    const names = gaps.slice(0, 1).map(({ attr }) => `${etypeOf(attr)}/${labelOf(attr)}`);
    const noun = gaps.length === 1 ? 'attribute' : 'attributes';
    return `Missing required ${noun} \`${names}\`: ${gaps.map(({ e }) => e).join(', ')}`;
  });
  const records = groups.flat().map(({ e, attr }) => ({
    entity_id: e,
    attr_id: attr.id,
    etype: etypeOf(attr),
    label: labelOf(attr),
    is_required: attr['required?'] ?? false,
  }));
  return new ServerError('validation-failed', messages.join('. '), { records });
}
