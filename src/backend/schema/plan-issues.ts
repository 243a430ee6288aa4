import type { Attr } from '../../protocol/attr.ts';
import type { ValidationIssue } from '../../protocol/error.ts';
import type { AttrCatalog } from '../store/attr-catalog.ts';
import type { AttrChange, SchemaStep } from './schema-step.ts';

/** The problems that make the steps of a plan impossible, each as a message about the schema. */
export function planIssues(catalog: AttrCatalog, steps: readonly SchemaStep[]): ValidationIssue[] {
  return [...nameIssues(catalog, steps), ...cascadeIssues(steps)];
}

function* nameIssues(catalog: AttrCatalog, steps: readonly SchemaStep[]): Iterable<ValidationIssue> {
  const planned = new Set<string>();
  for (const [kind, attr] of steps) {
    if (kind !== 'add-attr') continue;
    if (isReversed(catalog, attr)) {
      const [, etype, label] = attr['forward-identity'];
      yield issue(
        etype,
        label,
        'Conflicting link found for attribute. There is a link of these two names already, in the other direction; swap `forward` and `reverse`, or delete the one that is there.',
      );
      continue;
    }
    for (const ident of [attr['forward-identity'], attr['reverse-identity']]) {
      if (!ident) continue;
      const [, etype, label] = ident;
      const name = JSON.stringify([etype, label]);
      if (planned.has(name) || isTaken(catalog, etype, label)) {
        yield issue(etype, label, 'Duplicate entry found for attribute. The name is in use already.');
      }
      planned.add(name);
    }
  }
}

function isTaken(catalog: AttrCatalog, etype: string, label: string): boolean {
  return Boolean(catalog.byForward(etype, label) ?? catalog.byReverse(etype, label));
}

/** Whether the app has the link with its ends swapped. */
function isReversed(catalog: AttrCatalog, attr: Attr): boolean {
  const [, etype, label] = attr['forward-identity'];
  const [, toEtype, toLabel] = attr['reverse-identity'] ?? [];
  const [, fromEtype, fromLabel] = catalog.byReverse(etype, label)?.['forward-identity'] ?? [];
  return fromEtype !== undefined && fromEtype === toEtype && fromLabel === toLabel;
}

function* cascadeIssues(steps: readonly SchemaStep[]): Iterable<ValidationIssue> {
  for (const [kind, attr] of steps) {
    if (kind !== 'add-attr' && kind !== 'update-attr') continue;
    const end = impossibleCascade(attr);
    if (end) yield issue(end[1], end[2], "Cascade delete is only possible on links with `has: 'one'`.");
  }
}

/** The end of a link that cannot cascade because it can have many targets. */
function impossibleCascade(attr: AttrChange): Attr['forward-identity'] | undefined {
  if (attr['on-delete'] && attr.cardinality === 'many') return attr['forward-identity'];
  return attr['on-delete-reverse'] && !attr['unique?'] ? attr['reverse-identity'] : undefined;
}

function issue(etype: string, label: string, problem: string): ValidationIssue {
  return { in: ['schema'], message: `${etype}->${label}: ${problem}` };
}
