import { parseArgs } from 'node:util';
import { RUNTIMES } from '../runtimes/plan.mjs';

/**
 * The command line of a benchmark: names of runtimes, `--json file`, `--check`, `--quick` and what `more` says. Ends the
 * process with code 2 when it cannot be followed.
 */
export function readArguments(defaultRuntimes, more = {}) {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        check: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        ...more,
      },
    });
    const unknown = positionals.filter((name) => !RUNTIMES.includes(name));
    if (unknown.length > 0) {
      throw new RangeError(`Cannot measure "${unknown.join(' ')}": the runtimes are ${RUNTIMES.join(', ')}`);
    }
    return { ...values, names: [...new Set(positionals.length > 0 ? positionals : defaultRuntimes)] };
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}
