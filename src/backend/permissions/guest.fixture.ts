import type { Backend, BackendApp } from '../index.ts';

/** Signs a new guest in to an app. */
export async function guestOf(
  backend: Pick<Backend, 'url'>,
  app: Pick<BackendApp, 'id'>,
): Promise<{ id: string; token: string }> {
  const response = await fetch(`${backend.url}/runtime/auth/sign_in_guest`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ 'app-id': app.id }),
  });
  const { user } = (await response.json()) as { user: { id: string; refresh_token: string } };
  return { id: user.id, token: user.refresh_token };
}
