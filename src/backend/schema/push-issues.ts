import { etypeOf } from '../../protocol/attr.ts';
import type { ValidationIssue } from '../../protocol/error.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import type { Definitions, LinkDefinition } from './definitions.ts';

/**
 * What `instant-cli push` refuses in a schema before it contacts a server, which would accept all of it: links to
 * undefined entities, namespaces that look like system ones, and constraints that system namespaces cannot have.
 */
export function pushIssues(definitions: Definitions, catalog: AttrCatalog): ValidationIssue[] {
  return [
    ...namespaceIssues(definitions, catalog),
    ...definitions.links.flatMap((link) => linkIssues(link, definitions, catalog)),
  ];
}

function* namespaceIssues({ etypes, attrs }: Definitions, catalog: AttrCatalog): Iterable<ValidationIssue> {
  for (const etype of etypes) {
    if (!etype.startsWith('$') || isSystemEtype(catalog, etype)) continue;
    const message = `The $ keyword is reserved for system namespaces. You can't create '${etype}'. Perhaps call it '${etype.slice(1)}' instead?`;
    yield { in: ['schema', 'entities', etype], message };
  }
  for (const { etype, label, valueType, required } of attrs) {
    if (!required || !isSystemEtype(catalog, etype) || isSystemLabel(catalog, etype, label)) continue;
    const message = `The '${etype}' namespace is managed by the system and can't modify required constraints yet. Make sure to set ${etype}.${label} as optional: { ${label}: i.${valueType}().optional() }`;
    yield { in: ['schema', 'entities', etype, 'attrs', label], message };
  }
}

function linkIssues(
  { forward, reverse }: LinkDefinition,
  { etypes }: Definitions,
  catalog: AttrCatalog,
): ValidationIssue[] {
  const named = `${forward.on}.${forward.label} -> ${reverse.on}.${reverse.label}`;
  const issues = [forward, reverse]
    .filter(({ on }) => !etypes.includes(on))
    .map(({ on }) => `${named} connects to non existing entity "${on}".`);
  if (
    forward.required &&
    isSystemEtype(catalog, forward.on) &&
    !isSystemLabel(catalog, forward.on, forward.label)
  ) {
    issues.push(
      `The ${forward.on} namespace is managed by the system and can't modify required constraints yet. Make sure to leave \`required\` out of ${named}`,
    );
  }
  return issues.map((message) => ({ in: ['schema', 'links'], message }));
}

function isSystemEtype(catalog: AttrCatalog, etype: string): boolean {
  return [...catalog.ofEtype(etype)].some((attr) => attr.catalog === 'system' && etypeOf(attr) === etype);
}

function isSystemLabel(catalog: AttrCatalog, etype: string, label: string): boolean {
  return (catalog.byForward(etype, label) ?? catalog.byReverse(etype, label))?.catalog === 'system';
}
