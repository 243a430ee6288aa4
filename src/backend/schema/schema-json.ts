import type { Attr } from '../../protocol/attr.ts';
import { upsert } from '../store/upsert.ts';

/** The names of a link: forward etype and label, reverse etype and label. */
export type LinkNames = [
  forwardEtype: string,
  forwardLabel: string,
  reverseEtype: string,
  reverseLabel: string,
];

/** The parts of an attribute that decide its place in a schema. */
interface Placed {
  readonly 'value-type': Attr['value-type'];
  readonly 'forward-identity': readonly [id: string | null, etype: string, label: string];
  readonly 'reverse-identity'?: readonly [id: string | null, etype: string, label: string];
  readonly catalog?: Attr['catalog'];
}

/** The schema of an app, in the form for clients that print and compare schemas. */
export interface SchemaJson<A = Attr> {
  /** Links, with their names joined into one key. */
  refs: Record<string, A>;
  /** All other attributes, by etype and label. */
  blobs: Record<string, Record<string, A>>;
}

const SHOWN_SYSTEM_ETYPES: ReadonlySet<string> = new Set(['$users', '$files', '$streams']);

const HIDDEN: ReadonlySet<string> = new Set([
  '$files.content-type',
  '$files.content-disposition',
  '$files.size',
  '$files.location-id',
  '$files.key-version',
  '$streams.machineId',
  '$streams.hashedReconnectToken',
]);

/** The schema formed by a list of attributes, without the backend's internal ones. */
export function schemaOf<A extends Placed>(
  attrs: readonly A[],
  keyOf: (names: LinkNames) => string = printedNames,
): SchemaJson<A> {
  const refs: [string, A][] = [];
  const blobs = new Map<string, [string, A][]>();
  for (const attr of attrs.filter(isShown).map((one) => asShown(one))) {
    const names = linkNames(attr);
    if (attr['value-type'] === 'ref' && names) {
      refs.push([keyOf(names), attr]);
      continue;
    }
    const [, etype, label] = attr['forward-identity'];
    upsert(blobs, etype, (): [string, A][] => []).push([label, attr]);
  }
  const entries = [...blobs].map(([etype, labels]) => [etype, Object.fromEntries(labels)] as const);
  return { refs: Object.fromEntries(refs), blobs: Object.fromEntries(entries) };
}

/** Whether users see an attribute. */
function isShown({ catalog, 'forward-identity': [, etype, label] }: Placed): boolean {
  return catalog !== 'system' || (SHOWN_SYSTEM_ETYPES.has(etype) && !HIDDEN.has(`${etype}.${label}`));
}

function linkNames({
  'forward-identity': forward,
  'reverse-identity': reverse,
}: Placed): LinkNames | undefined {
  return reverse && [forward[1], forward[2], reverse[1], reverse[2]];
}

/** The names in the form in which the server prints a vector of strings. */
function printedNames(names: LinkNames): string {
  return `[${names.map((name) => JSON.stringify(name)).join(' ')}]`;
}

/** Clients never write a file's `url`, but every file has one, so readers may rely on it. */
function asShown<A extends Placed>(attr: A): A {
  const [, etype, label] = attr['forward-identity'];
  return etype === '$files' && label === 'url' ? { ...attr, 'required?': true } : attr;
}
