/** The shared worker that holds the event stream of all pages of this browser. */
import { pingEveryMs, type PageMessage } from './messages.ts';
import { openStream } from './openStream.ts';
import { StreamSharer } from './streamSharer.ts';

const sharer = new StreamSharer(openStream);

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  if (!port) return;
  port.addEventListener('message', ({ data }: MessageEvent<PageMessage>) => sharer.take(port, data));
  port.start();
});
setInterval(() => sharer.dropSilent(), pingEveryMs);
