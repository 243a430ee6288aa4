import type { Attr, Ident } from '../../protocol/attr.ts';
import { recordNotUnique, type ServerError, validationFailed } from '../../protocol/error.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import { systemAttrs } from '../store/system-attrs.ts';
import { raised } from './issue.ts';

/** System namespaces to which an app may add attributes of its own. */
const OPEN_ETYPES: ReadonlySet<string> = new Set(['$users', '$files', '$streams']);

const SYSTEM_NAMES: ReadonlySet<string> = new Set(systemAttrs.flatMap(identsOf).map(nameOf));

type Identities = Partial<Pick<Attr, 'forward-identity' | 'reverse-identity'>>;

/** The forward and reverse identities that exist. */
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

/** Whether an attribute has exactly this identity already. */
export function hasIdent(catalog: AttrCatalog, attr: Attr, ident: Ident): boolean {
  const owner = catalog.byIdentId(ident[0]);
  return (
    owner?.id === attr.id && identsOf(owner).some((saved) => saved.every((part, at) => part === ident[at]))
  );
}

/**
 * Refuses a new attribute whose names or identity ids are taken. Forward and reverse names share one set. An identity
 * that the attribute already has is ignored.
 */
export function checkNewIdents(catalog: AttrCatalog, attr: Attr): void {
  const names = new Set<string>();
  for (const ident of identsOf(attr).filter((one) => !hasIdent(catalog, attr, one))) {
    const [id, etype, label] = ident;
    if (catalog.byIdentId(id)) {
      throw raised(`Another attribute for ${nameOf(ident)} exists with different properties.`);
    }
    if (names.has(nameOf(ident)) || identIdOf(catalog, etype, label) !== undefined) {
      throw recordNotUnique('ident', `\`${label}\` already exists on \`${etype}\``, { etype, label });
    }
    names.add(nameOf(ident));
  }
}

/** Refuses to give an app's attribute names that another one has. The server does not say which. */
export function checkNames(catalog: AttrCatalog, attr: Attr): void {
  const idents = identsOf(attr);
  const isTaken = ([id, etype, label]: Ident): boolean => {
    const holder = identIdOf(catalog, etype, label);
    return holder !== undefined && holder !== id;
  };
  if (new Set(idents.map(nameOf)).size < idents.length || idents.some(isTaken)) {
    throw recordNotUnique('attr', 'Record not unique: attr', {});
  }
}

function identIdOf(catalog: AttrCatalog, etype: string, label: string): string | undefined {
  const forward = catalog.byForward(etype, label)?.['forward-identity'];
  return (forward ?? catalog.byReverse(etype, label)?.['reverse-identity'])?.[0];
}

function reserved(attr: Identities, message: string): ServerError {
  return validationFailed('attributes', attr, [{ message }]);
}
