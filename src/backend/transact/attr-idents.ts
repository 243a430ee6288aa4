import type { Attr, Ident } from '../../protocol/attr.ts';
import { recordNotUnique, type ServerError, validationFailed } from '../../protocol/error.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import { systemAttrs } from '../store/system-attrs.ts';
import { raised } from './issue.ts';

/** System namespaces that an app may add its own attributes to. */
const OPEN_ETYPES: ReadonlySet<string> = new Set(['$users', '$files', '$streams']);

const SYSTEM_NAMES: ReadonlySet<string> = new Set(systemAttrs.flatMap(identsOf).map(nameOf));

type Identities = Partial<Pick<Attr, 'forward-identity' | 'reverse-identity'>>;

/** The forward and the reverse identity, as far as there are any. */
function identsOf({ 'forward-identity': forward, 'reverse-identity': reverse }: Identities): Ident[] {
  return [...(forward ? [forward] : []), ...(reverse ? [reverse] : [])];
}

function nameOf([, etype, label]: Ident): string {
  return `${etype}.${label}`;
}

/** Refuses names that belong to the system. */
export function checkReservedNames(attr: Identities): void {
  for (const ident of identsOf(attr)) {
    const etype = ident[1];
    if (SYSTEM_NAMES.has(nameOf(ident))) {
      throw reserved(attr, `${nameOf(ident)} is a system column and it already exists.`);
    }
    if (etype.startsWith('$') && !OPEN_ETYPES.has(etype)) {
      throw reserved(attr, `$ is reserved for system tables. You can't create ${etype}`);
    }
  }
}

/** Refuses an attribute whose names or identity ids another one has. Forward and reverse names are one set. */
export function checkIdents(catalog: AttrCatalog, attr: Attr): void {
  const names = new Set<string>();
  for (const ident of identsOf(attr)) {
    const [id, etype, label] = ident;
    const owner = catalog.byIdentId(id);
    if (owner && owner.id !== attr.id) {
      throw raised(`Another attribute for ${nameOf(ident)} exists with different properties.`);
    }
    const holder = identIdOf(catalog, etype, label);
    if (names.has(nameOf(ident)) || (holder !== undefined && holder !== id)) {
      throw recordNotUnique('ident', `\`${label}\` already exists on \`${etype}\``, { etype, label });
    }
    names.add(nameOf(ident));
  }
}

function identIdOf(catalog: AttrCatalog, etype: string, label: string): string | undefined {
  const forward = catalog.byForward(etype, label)?.['forward-identity'];
  return (forward ?? catalog.byReverse(etype, label)?.['reverse-identity'])?.[0];
}

function reserved(attr: Identities, message: string): ServerError {
  return validationFailed('attributes', attr, [{ message }]);
}
