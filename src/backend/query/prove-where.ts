import type { Reader } from '../store/reader.ts';
import type { Proof } from './proof.ts';
import { joinProver, type Prover } from './prove-join.ts';
import type { WherePlan } from './query-plan.ts';

/** Prepares a where clause to be proved for many entities. */
export function whereProver(reader: Reader, plan: WherePlan): Prover<string> {
  if (plan.kind === 'join') return joinProver(reader, plan.matches);
  const { kind } = plan;
  const provers = plan.of.map((part) => whereProver(reader, part));
  return (e) => {
    const parts: Proof[] = [];
    for (const prove of provers) {
      const proof = prove(e);
      if (proof) parts.push(proof);
      else if (kind === 'all') return undefined;
    }
    return kind === 'any' && parts.length === 0 ? undefined : { kind, of: parts };
  };
}
