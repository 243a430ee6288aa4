/** Whether the packages of `runtimes/<room>`, by its lockfile, are installed. */
export function hasPackages(room: 'official' | 'embedding'): boolean;
