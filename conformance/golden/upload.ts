import type { GoldenCase, SetupOp } from './fixture.ts';
import type { PermSetupOp, UploadOp } from './perm-case.ts';

/** What of a setup is stored directly, and what is uploaded. */
export function splitSetup(setup: readonly PermSetupOp[] = []): {
  setup: NonNullable<GoldenCase['setup']>;
  uploads: UploadOp[];
} {
  return {
    setup: setup.filter((op): op is SetupOp => op.op !== 'upload-file'),
    uploads: setup.filter((op) => op.op === 'upload-file'),
  };
}

/** Uploads a file by the admin API of a backend; `headers` say to which app, and on whose behalf. */
export async function uploadFile(
  backendUrl: string,
  { path, bytes, ...file }: Omit<UploadOp, 'op'>,
  headers: Readonly<Record<string, string>>,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${backendUrl}/admin/storage/upload`, {
    method: 'PUT',
    headers: { 'content-type': file['content-type'] ?? 'text/plain', ...headers, path },
    body: new Uint8Array(bytes),
  });
  return { status: response.status, body: await response.json() };
}
