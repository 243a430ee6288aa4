/** The Node this process runs on, e.g. `node20`. */
export const currentNode: string;
