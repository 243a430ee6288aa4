import { likenessDifferences } from '../known-differences.ts';
import type { scripts, Told } from './script.ts';

/** What this client is to tell: what core tells, but for the known differences, each of which has to be one. */
export function expectedHere(script: keyof typeof scripts, core: Told): Told {
  const here = structuredClone(core);
  for (const { step, of, ...known } of likenessDifferences.filter((one) => one.script === script)) {
    const told = here[step];
    if (!told) throw new Error(`The script "${script}" has no step "${step}"`);
    if (String(told[of]) !== String(known.core)) {
      throw new Error(`In "${step}" core tells of ${of}: ${told[of]}; known is ${known.core}`);
    }
    if (known.here) told[of] = known.here;
    else delete told[of];
  }
  return here;
}
