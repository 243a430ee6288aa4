import { isObject } from '../../protocol/json.ts';
import { type Attr, type AttrsStore, isLink } from '../engine/store.ts';
import type { Refusal } from '../refusals/server-refusal.ts';
import type { TransactionStep } from '../transactions/transactions.ts';

type Ident = readonly [id: string, etype: string, label: string];

/** A server attribute that has a name of one that a write adds. */
export interface Holder {
  attr: Attr;
  /** Whether it is the same link, seen from the other end. */
  isReversed: boolean;
  /** Whether it has other names besides that, and is therefore something else. */
  isOther: boolean;
}

/**
 * The attributes that a write adds and that the server refused because it has one of that name: those with the identity
 * in the refusal, or all that the write adds when it names none. Empty when it was refused for something else.
 */
export function takenAttrs({ type, hint }: Refusal, steps: readonly TransactionStep[]): Attr[] {
  if (type !== 'record-not-unique' || !isObject(hint) || hint['record-type'] !== 'ident') return [];
  const { etype, label } = hint;
  return addedBy(steps).filter(
    (attr) =>
      (etype === undefined && label === undefined) ||
      identsOf(attr).some(([, of, name]) => of === etype && name === label),
  );
}

/** The attributes that steps add. */
export function addedBy(steps: readonly TransactionStep[]): Attr[] {
  return steps.flatMap(([op, attr]) => (op === 'add-attr' ? [attr as unknown as Attr] : []));
}

/** What the server has under the names of `added`, as far as `attrs` shows. */
export function holderOf(attrs: AttrsStore, added: Attr): Holder | undefined {
  const [, etype, label] = added['forward-identity'];
  const same = byForward(attrs, [etype, label]);
  if (same && same.id !== added.id) return { attr: same, isReversed: false, isOther: false };
  const reversed = attrs.revIdents.get(etype)?.get(label);
  if (reversed && reversed.id !== added.id)
    return { attr: reversed, isReversed: true, isOther: !isLink(added) };
  const [, otherEtype, otherLabel] = added['reverse-identity'] ?? [];
  if (otherEtype === undefined || otherLabel === undefined) return undefined;
  const other =
    byForward(attrs, [otherEtype, otherLabel]) ?? attrs.revIdents.get(otherEtype)?.get(otherLabel);
  return other && other.id !== added.id ? { attr: other, isReversed: false, isOther: true } : undefined;
}

/** Whether what the server has cannot take the place of `added`. */
export function differs(added: Attr, { attr, isReversed, isOther }: Holder): boolean {
  const [cardinality, isUnique] = isReversed
    ? [attr['unique?'] ? 'one' : 'many', attr.cardinality === 'one']
    : [attr.cardinality, Boolean(attr['unique?'])];
  const [wanted, found] = [added['checked-data-type'], attr['checked-data-type']];
  return (
    isOther ||
    isLink(added) !== isLink(attr) ||
    added.cardinality !== cardinality ||
    Boolean(added['unique?']) !== isUnique ||
    // An attribute without a type accepts what the server's accepts.
    Boolean(wanted && found && wanted !== found)
  );
}

/** The refusal of a write that wants `added` where the server has `holder`, with both named. */
export function withBothNamed<R extends Refusal>(refusal: R, added: Attr, { attr }: Holder): R {
  const { message = 'Record not unique: ident', hint } = refusal;
  return {
    ...refusal,
    message: `${message}: the transaction would make ${described(added)}, and there is ${described(attr)}`,
    hint: { ...(isObject(hint) && hint), wanted: shown(added), existing: shown(attr) },
  };
}

function byForward(attrs: AttrsStore, [etype, label]: readonly [string, string]): Attr | undefined {
  return attrs.forwardIdents.get(etype)?.get(label);
}

function identsOf(attr: Attr): Ident[] {
  return [attr['forward-identity'], attr['reverse-identity']].filter(
    (ident) => ident !== undefined,
  ) as Ident[];
}

function described(attr: Attr): string {
  const [name = '', other] = identsOf(attr).map(([, etype, label]) => `${etype}.${label}`);
  const type = attr['checked-data-type'];
  const kind = other ? `a link to ${other}` : `a value${type ? ` of type ${type}` : ''}`;
  return `${name}, ${kind}, cardinality ${attr.cardinality}, ${attr['unique?'] ? 'unique' : 'not unique'}`;
}

function shown(attr: Attr): Record<string, unknown> {
  return Object.fromEntries(
    [
      'id',
      'forward-identity',
      'reverse-identity',
      'value-type',
      'checked-data-type',
      'cardinality',
      'unique?',
    ]
      .map((field) => [field, (attr as unknown as Record<string, unknown>)[field]] as const)
      .filter(([, value]) => value !== undefined && value !== null),
  );
}
