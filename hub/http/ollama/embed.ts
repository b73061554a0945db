/** Ollama's `POST /api/embed`, and `/api/embeddings` of older clients. */
import type { Context } from 'hono';
import { z } from 'zod';
import { askEncoder, type EncoderComponents } from '../encoders/askEncoder.ts';
import { maxInputs, refuseDimensions } from '../encoders/embeddingsBody.ts';
import { vectorsOf } from '../encoders/embeddings.ts';
import { bodyReader, tooMany } from '../inference/readBody.ts';
import { readJson } from '../inference/readJson.ts';
import { modelNameOf, ollamaFields } from './ollamaFields.ts';

const { model, keep_alive, options } = ollamaFields;

const EmbedBody = z.object({
  ...{ model, keep_alive, options },
  input: z.union([z.string(), z.array(z.string())], { error: 'must be a text, or a list of texts' }),
  truncate: z.boolean().default(true),
  dimensions: z.int().min(1).optional(),
});

const readEmbed = bodyReader(EmbedBody, ({ input }) => {
  if (Array.isArray(input) && input.length > maxInputs) throw tooMany('input', `${maxInputs} texts`);
});

const readEmbeddings = bodyReader(
  z.object({ ...{ model, keep_alive, options }, prompt: z.string().default('') }),
);

export async function answerOllamaEmbed(c: Context, components: EncoderComponents): Promise<Response> {
  const arrivedAt = performance.now();
  const body = readEmbed(await readJson(c));
  const question = { task: 'embeddings', model: modelNameOf(body), param: 'input' } as const;
  return askEncoder(c, components, question, async (request) => {
    refuseDimensions(request.encoder, body.dimensions);
    // Ollama answers no text with no vector.
    const inputs = [body.input].flat().filter((_, index, all) => all.length > 1 || all[index] !== '');
    const base = { model: body.model, load_duration: 0 };
    const took = (): number => Math.round(1e6 * (performance.now() - arrivedAt));
    if (inputs.length === 0)
      return c.json({ ...base, embeddings: [], total_duration: took(), prompt_eval_count: 0 });
    const { dimensions, truncate } = body;
    const { vectors, usage, headers } = await vectorsOf(request, inputs, {
      dimensions,
      truncate_prompt_tokens: truncate ? -1 : undefined,
    });
    return c.json(
      {
        ...base,
        embeddings: vectors.map((vector) => [...vector]),
        total_duration: took(),
        prompt_eval_count: usage.prompt_tokens,
      },
      { headers },
    );
  });
}

export async function answerOllamaEmbeddings(c: Context, components: EncoderComponents): Promise<Response> {
  const body = readEmbeddings(await readJson(c));
  const question = { task: 'embeddings', model: modelNameOf(body), param: 'prompt' } as const;
  return askEncoder(c, components, question, async (request) => {
    if (body.prompt === '') return c.json({ embedding: [] });
    const { vectors, headers } = await vectorsOf(request, [body.prompt], { truncate_prompt_tokens: -1 });
    return c.json({ embedding: [...(vectors[0] ?? [])] }, { headers });
  });
}
