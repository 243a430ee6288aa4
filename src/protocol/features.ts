/** What a client understands, judging by the version of core that it names. */
export interface ClientFeatures {
  /** `attrs` may be left out of `refresh-ok` while they are unchanged. */
  readonly skipAttrs: boolean;
  /** Changes of presence may be sent as edits. */
  readonly patchPresence: boolean;
}

/** `dev` is 1 for a development version, which comes after the release that it is named after. */
type Version = readonly [major: number, minor: number, patch: number, dev: 0 | 1];

const SKIP_ATTRS_AFTER: Version = [0, 20, 4, 0];
const PATCH_PRESENCE_AFTER: Version = [0, 17, 5, 0];

/** The features of a client. One that names no version of core, or an unreadable one, has none. */
export function clientFeatures(versions: Readonly<Record<string, string>>): ClientFeatures {
  const version = parseVersion(versions['@instantdb/core']);
  return {
    skipAttrs: version !== undefined && isAfter(version, SKIP_ATTRS_AFTER),
    patchPresence: version !== undefined && isAfter(version, PATCH_PRESENCE_AFTER),
  };
}

function parseVersion(text: string | undefined): Version | undefined {
  const parts = /^v?(\d+)\.(\d+)\.(\d+)(-dev)?$/.exec(text ?? '');
  return parts ? [Number(parts[1]), Number(parts[2]), Number(parts[3]), parts[4] ? 1 : 0] : undefined;
}

function isAfter(a: Version, b: Version): boolean {
  return (a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]) > 0;
}
