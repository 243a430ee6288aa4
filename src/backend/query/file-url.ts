import { type Attr, etypeOf, labelOf, type Triple } from '../../protocol/attr.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import type { Reader } from '../store/reader.ts';
import type { FormPlan } from './query-plan.ts';

/** Gives the address that a file's content is served under. The same location must give the same address. */
export type FileUrl = (locationId: string) => string;

function isFileAttr(attr: Attr, label: string): boolean {
  return etypeOf(attr) === '$files' && labelOf(attr) === label;
}

/**
 * Makes the `url` triples of files. None is stored: an address can expire, so it is made for each answer, out of the
 * file's location.
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
