/** The version of this package. The same as in `package.json` and `jsr.json`; a test compares the three. */
export const nodeVersion = '0.1.0';
