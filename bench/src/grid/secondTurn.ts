/** What a conversation's second turn costs, with what the first one left in the caches and without. */
import type { BenchModel } from '../compare.ts';
import { loadTokenizer, promptOfLength } from '../prompts.ts';
import { median } from '../statistics.ts';
import { stream } from './stream.ts';
import { startGridOfProcesses } from './workers.ts';

export interface SecondTurnRow {
  'prompt tokens': number;
  stages: number;
  'first turn ms': number;
  'second turn ms': number;
  ratio: number;
  'cached tokens': number;
}

export async function measureSecondTurn(
  model: Pick<BenchModel, 'directory'>,
  { promptTokens, rounds }: { promptTokens: number; rounds: number },
): Promise<SecondTurnRow[]> {
  const { content } = promptOfLength(await loadTokenizer(model.directory), promptTokens);
  const rows: SecondTurnRow[] = [];
  for (const stages of [1, 2]) {
    await using grid = await startGridOfProcesses({
      modelDirectory: model.directory,
      stages,
      workers: stages,
    });
    await stream(grid.hub.client, { messages: [{ role: 'user', content: 'Hello' }], tokens: 8 });
    const turns = [];
    for (let round = 0; round < rounds; round++) {
      // Another beginning each time, so that only the own first turn helps.
      const first = { role: 'user' as const, content: `${round + 1}. ${content}` };
      const one = await stream(grid.hub.client, { messages: [first], tokens: 16 });
      const two = await stream(grid.hub.client, {
        messages: [first, { role: 'assistant', content: one.text }, { role: 'user', content: 'And then?' }],
        tokens: 16,
      });
      turns.push({ one, two });
    }
    const firstMs = median(turns.map(({ one }) => one.firstTokenMs));
    const secondMs = median(turns.map(({ two }) => two.firstTokenMs));
    rows.push({
      'prompt tokens': promptTokens,
      stages,
      'first turn ms': firstMs,
      'second turn ms': secondMs,
      ratio: secondMs / firstMs,
      'cached tokens': median(turns.map(({ two }) => two.cachedTokens)),
    });
  }
  return rows;
}
