import type { RequestSummary } from '@potluck/api';
import { counted } from '#lib/format/counted.ts';
import { formatNumber } from '#lib/format/formatNumber.ts';

/** How many tokens a request took and gave. The hub does not know what an interrupted one gave, where it kept no number. */
export function describeTokens({
  promptTokens,
  completionTokens,
  status,
}: Pick<RequestSummary, 'promptTokens' | 'completionTokens' | 'status'>): string {
  const read = counted(promptTokens, ['# token read', '# tokens read']);
  if (status === 'interrupted' && completionTokens === 0) return read;
  return /* @wc-include */ `${read}, ${formatNumber(completionTokens)} written`;
}
