/** How long the answer may take. */
const PATIENCE_MS = 5_000;

/** Whether the server answers a request in HTTP, whatever it says. */
export async function doesHttpAnswer(apiURI: string): Promise<boolean> {
  try {
    const answer = await fetch(`${apiURI}/health`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    await answer.body?.cancel();
    return answer.status < 500;
  } catch {
    return false;
  }
}
