import { AttrCatalog } from './attr-catalog.ts';
import { systemAttrs } from './system-attrs.ts';
import { TripleStore } from './triple-store.ts';
import { UndoLog } from './undo-log.ts';

/** The data of one app: its attributes and its triples, changed together under one undo log. */
export interface AppData {
  readonly catalog: AttrCatalog;
  readonly triples: TripleStore;
  readonly undoLog: UndoLog;
  /** Returns file URLs; without it, files have no `url`. */
  readonly fileUrl?: (locationId: string) => string;
}

/** The data of a new app: only the system attributes. */
export function createAppData(fileUrl?: AppData['fileUrl']): AppData {
  const undoLog = new UndoLog();
  const catalog = new AttrCatalog(undoLog, systemAttrs);
  return { catalog, triples: new TripleStore(catalog, undoLog), undoLog, ...(fileUrl && { fileUrl }) };
}
