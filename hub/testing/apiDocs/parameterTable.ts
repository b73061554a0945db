/** The table of docs/api.md: what each surface makes of each parameter that programs are known to send. */
import { format, resolveConfig } from 'prettier';
import type { z } from 'zod';
import { MessagesBody } from '../../http/anthropic/messagesBody.ts';
import { EmbeddingsBody } from '../../http/encoders/embeddingsBody.ts';
import { hintParameters, unsupportedBeside } from '../../http/inference/knownParameters.ts';
import { OllamaChatBody } from '../../http/ollama/chatBody.ts';
import { OllamaGenerateBody } from '../../http/ollama/generateBody.ts';
import { ChatBody } from '../../http/openai/chatBody.ts';
import { CompletionBody } from '../../http/openai/completionBody.ts';
import { ResponseBody } from '../../http/openai/responses/responseBody.ts';

const surfaces: Record<string, z.ZodObject> = {
  chat: ChatBody,
  completions: CompletionBody,
  responses: ResponseBody,
  messages: MessagesBody,
  embeddings: EmbeddingsBody,
  'Ollama chat': OllamaChatBody,
  'Ollama generate': OllamaGenerateBody,
};

export const [tableStart, tableEnd] = ['<!-- parameters: npm run docs -->', '<!-- end of parameters -->'];

function cell(schema: z.ZodObject, name: string): string {
  if (Object.hasOwn(schema.shape, name)) return 'yes';
  if (Object.hasOwn(hintParameters, name)) return 'no effect';
  const unsupported = unsupportedBeside(Object.keys(schema.shape)).get(name);
  if (!unsupported) return '';
  const { isNever, instead } = unsupported;
  if (instead !== undefined) return `\`${instead}\``;
  return isNever ? 'refused' : 'refused¹';
}

/** @returns the text with the table as it is now between its marks. @param documentation as it is */
export async function withTable(documentation: string): Promise<string> {
  const names = new Set([
    ...Object.values(surfaces).flatMap(({ shape }) => Object.keys(shape)),
    ...unsupportedBeside([]).keys(),
    ...Object.keys(hintParameters),
  ]);
  const row = (cells: string[]): string => `| ${cells.join(' | ')} |`;
  const rows = [...names].sort().map((name) => {
    return row([`\`${name}\``, ...Object.values(surfaces).map((schema) => cell(schema, name))]);
  });
  const heads = ['parameter', ...Object.keys(surfaces)];
  const table = [row(heads), row(heads.map(() => '---')), ...rows].join('\n');
  const [before = '', rest = ''] = documentation.split(tableStart ?? '');
  const after = rest.split(tableEnd ?? '').at(-1) ?? '';
  const options = await resolveConfig(import.meta.filename);
  const text = `${before}${tableStart}\n\n${table}\n\n${tableEnd}${after}`;
  return format(text, { ...options, parser: 'markdown' });
}
