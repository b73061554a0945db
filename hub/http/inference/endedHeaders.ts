import type { RequestRecord } from '../../generation/requestRecord.ts';

/** Headers of an answer that is sent whole, so that it is known what became of it: its devices, its times, what it survived. */
export function endedHeaders(record: RequestRecord): Record<string, string> {
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
      entry(`stage-${index}`, timings?.computeMs ?? null, `layers ${firstLayer} to ${lastLayer}`),
    ),
    ...entry('total', totalMs),
  ].join(', ');
}
