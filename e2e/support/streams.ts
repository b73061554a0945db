/** Streams of answers as a client reads them that may lose its hub. */

/** Of a stream that may have been cut: whole events only. */
export function eventsOf(text: string): string[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .filter((event) => event.includes('data: '));
}

/** What a model said in a stream of chat completions. */
export function textOf(stream: string): string {
  return [...stream.matchAll(/^data: (\{.*)$/gm)]
    .map(([, data]) => JSON.parse(data ?? '') as { choices?: { delta: { content?: string } }[] })
    .map(({ choices }) => choices?.[0]?.delta.content ?? '')
    .join('');
}

export interface ReadStream {
  /** What has come so far. */
  text(): string;
  /** Resolves when so many events have come, or the stream has ended. */
  events(count: number): Promise<void>;
  /** Resolves when the stream ends, also where it is cut off. */
  ended: Promise<void>;
}

/** Reads a stream to its end. */
export function readStream(response: Response): ReadStream {
  let text = '';
  let isOver = false;
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };
  const ended = (async () => {
    try {
      for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += piece;
        tell();
      }
    } catch {
      // Its hub is gone.
    }
    isOver = true;
    tell();
  })();
  return {
    text: () => text,
    ended,
    events: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!isOver && eventsOf(text).length < count) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      }),
  };
}
