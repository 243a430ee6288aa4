/** What one reads of an event stream, in order. For tests. */
export interface StreamEvents {
  /** The data of one event. */
  data(text: string): void;
  /** A line that is no data: a comment, or a directive. */
  other?(line: string): void;
}

/** Reads the body of an event stream to its end. Rejects when the stream breaks. */
export async function readEventStream(
  body: AsyncIterable<Uint8Array>,
  { data, other }: StreamEvents,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const events = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = events.pop() ?? '';
    for (const line of events.flatMap((event) => event.split('\n'))) {
      if (line.startsWith('data: ')) data(line.slice('data: '.length));
      else other?.(line);
    }
  }
}
