export interface FoundRuntime {
  name: string;
  found: true;
  version: string;
  /** The program and its arguments; it runs a script when the script's path follows. */
  command: string[];
}

export interface MissingRuntime {
  name: string;
  found: false;
  reason: string;
}

export function locateRuntime(name: string): FoundRuntime | MissingRuntime;
export function needsBetterSqlite3(): boolean;
