import {
  answerDifferences,
  attrDifferences,
  entityDifferences,
  type TxExpectation,
  type TxQueryExpectation,
  tripleDifferences,
} from './tx-expectations.ts';
import type { WireCase } from './wire-case.ts';

/** What does not hold of a case's app after its transaction, in words. */
export async function outcomeDifferences(
  wire: WireCase,
  { triples = [], queries = [], attrs, entities }: TxExpectation,
  layer?: string,
): Promise<string[]> {
  const stored = await wire.stored();
  const found = [
    ...tripleDifferences(stored.triples, triples),
    ...entityDifferences(stored.triples, entities),
    ...(attrs ? attrDifferences(stored.attrs, wire.opened.toIds(attrs) as typeof attrs) : []),
  ];
  // One after the other: the rules may change in between.
  for (const query of queries) found.push(...(await queryDifferences(wire, query, layer)));
  return found;
}

async function queryDifferences(
  wire: WireCase,
  query: TxQueryExpectation,
  layer: string | undefined,
): Promise<string[]> {
  const refused = query.rules === undefined ? undefined : await wire.setRules(query.rules);
  if (refused) return [`the rules are refused: ${refused.message}`];
  const { tree } = await wire.answer(query.query, { auth: query.auth, layer });
  return answerDifferences(tree, query);
}
