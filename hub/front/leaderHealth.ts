/** How the hub that leads is, as it tells whoever asks another hub. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { LeaderBoard } from '../lead/leaderBoard.ts';
import type { LeaderLine } from './leaderLine.ts';
import { frontHeaders, passedHeaders } from './passedHeaders.ts';

const LeaderHealth = z.looseObject({
  status: z.string(),
  ready: z.boolean(),
  trouble: z.string().optional(),
});
/** As at `/health` of that hub, with as much as the one who asks may know. */
export type LeaderHealth = z.infer<typeof LeaderHealth>;

/** Whoever asks how a hub is waits no longer, in milliseconds. */
const answerMs = 2000;

/** @returns undefined where no hub leads, or it does not say in time how it is */
export async function askLeader(
  { board, line }: { board: LeaderBoard; line: LeaderLine },
  incoming: IncomingMessage,
): Promise<LeaderHealth | undefined> {
  const leader = board.serving;
  if (!leader) return undefined;
  const headers = [
    ...passedHeaders(incoming.rawHeaders, ['content-length', 'accept-encoding']),
    ...frontHeaders(leader.secret, incoming, undefined),
  ];
  const request = line.request(leader, 'GET', '/health', headers);
  const late = setTimeout(() => request.destroy(new Error('no answer in time')), answerMs);
  try {
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    request.end();
    const [response] = await answered;
    request.on('error', () => undefined);
    return LeaderHealth.safeParse(JSON.parse(await text(response))).data;
  } catch {
    return undefined;
  } finally {
    clearTimeout(late);
  }
}
