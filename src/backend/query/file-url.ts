import { type Attr, etypeOf, labelOf, type Triple } from '../../protocol/attr.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import type { Reader } from '../store/reader.ts';
import type { FormPlan } from './query-plan.ts';

/** Returns the URL that a file's content is served under. The same location must yield the same URL. */
export type FileUrl = (locationId: string) => string;

function isFileAttr(attr: Attr, label: string): boolean {
  return etypeOf(attr) === '$files' && labelOf(attr) === label;
}

/**
 * Creates the `url` triples of files. They are not stored: a URL can expire, so it is derived from the file's location
 * for each answer.
 */
export function fileUrlTriples(
  source: { catalog: AttrCatalog; reader: Reader },
  fileUrl: FileUrl,
): (plan: FormPlan, e: string) => Triple[] {
  const location = source.catalog.byForward('$files', 'location-id');
  const made = new Map<string, Triple[]>();
  return (plan, e) => {
    const url = plan.etype === '$files' ? plan.attrs.find((attr) => isFileAttr(attr, 'url')) : undefined;
    if (!url || !location) return [];
    let triples = made.get(e);
    if (!triples) {
      triples = source.reader
        .entityAttr(e, location.id)
        .flatMap(([, , v, t]): Triple[] => (typeof v === 'string' ? [[e, url.id, fileUrl(v), t]] : []));
      made.set(e, triples);
    }
    return triples;
  };
}
