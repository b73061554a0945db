/** What is asked of encoders. */
import { Hono } from 'hono';
import { answerEmbeddings } from './embeddings.ts';
import { answerRerank, type RerankComponents } from './rerank.ts';

/** Routes to mount under `/v1`, under `/v2` (Cohere), and, for clients that leave it out, under `/`. */
export function encoderRoutes(components: RerankComponents): Hono {
  const app = new Hono();
  app.post('/embeddings', (c) => answerEmbeddings(c, components));
  app.post('/rerank', (c) => answerRerank(c, components));
  return app;
}
