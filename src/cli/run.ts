import { isInstantNodeError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { nodeVersion } from '../version.ts';
import { backendCommand } from './backend-command.ts';
import { UsageError } from './usage-error.ts';

const HELP = `Usage: instant-node <command>

Commands:
  backend     Start a local Instant backend

  instant-node <command> --help tells more of a command, instant-node --version the version.`;

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<void>>> = { backend: backendCommand };

/** Runs a command line and returns the exit code: 0, 1 for a failure, 2 for a command line that is not valid. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await dispatch(args);
    return 0;
  } catch (error) {
    return tell(error);
  }
}

async function dispatch([name, ...args]: readonly string[]): Promise<void> {
  if (name === '--version' || name === '-v') return console.log(nodeVersion);
  if (name === 'help' && args.length > 0) return dispatch([...args, '--help']);
  if (name === '--help' || name === '-h' || name === 'help') return console.log(HELP);
  if (name === undefined) throw new UsageError(`No command was given\n\n${HELP}`);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command) return command(args);
  const meant = nearest(name, Object.keys(COMMANDS));
  throw new UsageError(
    `There is no command "${name}"${meant === undefined ? '' : `. Did you mean "${meant}"?`}\n\n${HELP}`,
  );
}

function tell(error: unknown): number {
  if (error instanceof UsageError) {
    console.error(error.message);
    return 2;
  }
  if (!isInstantNodeError(error)) {
    console.error(error);
    return 1;
  }
  console.error(error.message);
  const { cause, hint } = error;
  if (cause instanceof Error && !error.message.includes(cause.message)) console.error(cause.message);
  if (hint !== undefined) console.error(hint);
  return 1;
}
