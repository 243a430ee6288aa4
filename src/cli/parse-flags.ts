import { parseArgs } from 'node:util';
import { nearest } from '../nearest.ts';
import { UsageError } from './usage-error.ts';

/** A flag: its value, if it takes one, and its help. */
export interface Flag {
  /** The placeholder for its value in the help; a flag without one is a switch. */
  readonly value?: string;
  readonly help: string;
  readonly short?: string;
  /** Whether it may be repeated; its value is then the list of all values given. */
  readonly many?: true;
}

/** The flags of a command. */
export type Flags = Readonly<Record<string, Flag>>;

/** A parsed command line: a text for a flag with a value, a list for a repeatable one, true for a switch. */
export type FlagValues<Known extends Flags> = {
  readonly [Name in keyof Known]?: Known[Name] extends { many: true }
    ? string[]
    : Known[Name] extends { value: string }
      ? string
      : true;
};

/** @throws {UsageError} that names the flag or the word that is not accepted. */
export function parseFlags<Known extends Flags>(args: readonly string[], known: Known): FlagValues<Known> {
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { value, short }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
    ]),
  );
  // Not strict: the errors of `parseArgs` do not suggest the flag that was meant.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const values: Record<string, string | true | string[]> = {};
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') throw new UsageError(`Cannot use "${token.value}": expected a flag`);
    const value = flagValue(token, known);
    const before = values[token.name];
    const isMany = known[token.name]?.many && value !== true;
    values[token.name] = isMany ? [...(Array.isArray(before) ? before : []), value] : value;
  }
  return values as FlagValues<Known>;
}

function flagValue(
  token: { name: string; rawName: string; value?: string | undefined },
  known: Flags,
): string | true {
  const flag = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
  if (!flag) {
    const meant = nearest(token.name, Object.keys(known));
    throw new UsageError(
      `There is no flag ${token.rawName}${meant === undefined ? '' : `. Did you mean --${meant}?`}`,
    );
  }
  if (flag.value === undefined) {
    if (token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
    return true;
  }
  if (token.value === undefined || token.value === '' || /^--?\D/.test(token.value)) {
    throw new UsageError(`${token.rawName} needs a value: ${token.rawName} ${flag.value}`);
  }
  return token.value;
}

/** The help of the flags, one line each. */
export function describeFlags(flags: Flags): string {
  const rows = Object.entries(flags).map(([name, { value, help, short }]) => {
    const long = `--${name}${value === undefined ? '' : ` ${value}`}`;
    return [short === undefined ? `    ${long}` : `-${short}, ${long}`, help] as const;
  });
  const width = Math.max(...rows.map(([flag]) => flag.length));
  return rows.map(([flag, help]) => `  ${flag.padEnd(width)}  ${help}`).join('\n');
}
