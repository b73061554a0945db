/** An answer that is sent whole. */
import { layersText } from '@potluck/api/hub-texts';
import type { Generation } from '../../generation/generation.ts';
import type { RequestRecord } from '../../generation/requestRecord.ts';

/**
 * Sends the body with headers that tell what became of the answer: its devices, its times, what it survived. Waits until
 * the session of the generation is closed; the stages then say where the time went.
 */
export async function answerWhole(
  body: object,
  generation: Pick<Generation, 'recorded'>,
  headers: Record<string, string>,
): Promise<Response> {
  const record = await generation.recorded;
  return Response.json(body, { headers: { ...headers, ...endedHeaders(record) } });
}

function endedHeaders(record: RequestRecord): Record<string, string> {
  const { route, recovery } = record;
  return {
    'x-potluck-route': route,
    'server-timing': serverTiming(record),
    ...(recovery && {
      'x-potluck-replays': String(recovery.replays),
      'x-potluck-recomputed-tokens': String(recovery.recomputedTokens),
      'x-potluck-pause-ms': recovery.pauseMs.toFixed(),
    }),
  };
}

/** Where the time of a request went, for a browser's developer tools. */
function serverTiming({ queueMs, firstTokenMs, totalMs, stages }: RequestRecord): string {
  const entry = (name: string, milliseconds: number | null, description?: string): string[] =>
    milliseconds === null
      ? []
      : [
          `${name}${description === undefined ? '' : `;desc="${description}"`};dur=${milliseconds.toFixed(1)}`,
        ];
  return [
    ...entry('queue', queueMs),
    ...entry('first-token', firstTokenMs),
    ...stages.flatMap(({ firstLayer, lastLayer, timings }, index) =>
      entry(`stage-${index}`, timings?.computeMs ?? null, layersText({ firstLayer, lastLayer })),
    ),
    ...entry('total', totalMs),
  ].join(', ');
}
