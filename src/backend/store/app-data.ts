import { AttrCatalog } from './attr-catalog.ts';
import { systemAttrs } from './system-attrs.ts';
import { TripleStore } from './triple-store.ts';
import { UndoLog } from './undo-log.ts';

/** The data of one app: what its attributes are, and its triples, changed together under one undo log. */
export interface AppData {
  readonly catalog: AttrCatalog;
  readonly triples: TripleStore;
  readonly undoLog: UndoLog;
  /** Gives the addresses of files; without it, files are without `url`. */
  readonly fileUrl?: (locationId: string) => string;
}

/** The data of a new app: the system attributes and nothing else. */
export function createAppData(fileUrl?: AppData['fileUrl']): AppData {
  const undoLog = new UndoLog();
  const catalog = new AttrCatalog(undoLog, systemAttrs);
  return { catalog, triples: new TripleStore(catalog, undoLog), undoLog, ...(fileUrl && { fileUrl }) };
}
