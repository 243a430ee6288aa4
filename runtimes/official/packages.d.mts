/** Whether the official packages of this lockfile are installed. */
export function hasOfficialPackages(): boolean;
