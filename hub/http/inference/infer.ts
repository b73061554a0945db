/** Finds the model that a request asks, takes a place, and lets a surface answer. */
import type { Context } from 'hono';
import { conversationHeaders, requestHeader } from '@potluck/api';
import type { Generation } from '../../generation/generation.ts';
import { modelDigest } from '../../generation/journal/journalEntry.ts';
import type { Model } from '../../models/model.ts';
import { ApiError } from '../apiError.ts';
import { authorOf, isChat } from '../author.ts';
import { shareOf } from '../caller.ts';
import { defaultsFor, findDeployment, takePlace, wake } from './askedModel.ts';
import { beginningOf } from './beginning.ts';
import type { Inference, InferenceComponents } from './inference.ts';
import { askedOf, eventsReadOf, namedRequest } from './namedRequest.ts';
import { naming } from './namingParam.ts';
import { newInference } from './newInference.ts';
import { resumedInference } from './resumedInference.ts';
import type { StartingParts } from './startGeneration.ts';

export interface InferenceOptions {
  /** As the request names it. */
  model: string | undefined;
  /** The parameter that the prompt is made of. */
  promptParam: string;
  /** True where the answer is kept, and goes on without its reader. */
  outlivesReader?: boolean;
  /** True where documents are to be rated, and no text is wanted. */
  rates?: boolean;
}

/**
 * Finds the model, takes one of the places that the caller's key has, and lets `work` answer. Where that fails, what was
 * started ends.
 * @throws ApiError, GenerationError
 */
export async function infer<T>(
  c: Context,
  components: InferenceComponents,
  { model: named, promptParam, outlivesReader = false, rates = false }: InferenceOptions,
  work: (inference: Inference) => Promise<T>,
): Promise<T> {
  const arrivedAt = performance.now();
  const { goingOn, settings } = components;
  const { caller } = c.var;
  // Also of a request that this run has left to the next one: a client may be back before the port is closed.
  components.generator.mustTakeRequests();
  const id = namedRequest(c);
  const eventsRead = eventsReadOf(c);
  const asked = await askedOf(c, outlivesReader);
  const beginning = await beginningOf(c, goingOn, { id, asked, eventsRead });
  const { suspended } = beginning;
  const wanted = suspended?.model ?? named;
  c.set('askedModel', wanted);
  await wake(c, components, wanted ?? components.defaultModel());
  const deployment = findDeployment(wanted, components);
  const { model } = deployment;
  c.set('askedModel', model.package.id);
  if (suspended && suspended.modelDigest !== modelDigest(model.package)) throw hasOtherFiles(model);
  if (model.package.encoder || (model.package.reranker && !rates)) throw writesNothing(model);
  const leave = await takePlace(caller, model.package.id, components);
  const goesOn = suspended ? goingOn.suspended.choicesOf(suspended) : [];
  if (suspended && goesOn[0] !== suspended) {
    leave();
    // Its client asked twice, and the other request goes on with the answer.
    return infer(c, components, { model: named, promptParam, outlivesReader, rates }, work);
  }
  // Ends the generation when the client goes away, whatever it was waiting for.
  const controller = new AbortController();
  const { signal: gone } = c.req.raw;
  const onGone = (): void => controller.abort();
  if (!outlivesReader) {
    gone.addEventListener('abort', onGone, { once: true });
    if (gone.aborted) onGone();
  }
  const done = (): void => {
    leave();
    // Node keeps the signal until the request is forgotten, and a listener that knows the request, as this one does, keeps that.
    gone.removeEventListener('abort', onGone);
  };
  const isTemporary = c.req.header(conversationHeaders.temporary) !== undefined;
  const mayKeep = isChat(caller) ? settings().keepChatWords : settings().keepApiWords;
  const generations: Generation[] = [];
  const parts: StartingParts = {
    ...{ components, deployment, id, asked, arrivedAt, isTemporary },
    signal: controller.signal,
    keepsWords: mayKeep && !isTemporary,
    defaults: isChat(caller) ? undefined : defaultsFor(model, components),
    onStart: (generation) => {
      generations.push(generation);
      c.set('isRecorded', true);
    },
  };
  for (const one of goesOn) goingOn.suspended.take(one, () => controller.abort());
  const inference: Inference = {
    model,
    controller,
    onReaderGone: () => {
      if (!outlivesReader) controller.abort();
      else for (const generation of generations) generation.readerGone();
    },
    eventsRead,
    headers: (generation) => ({
      'x-request-id': generation.id,
      'x-potluck-route': generation.route,
      'server-timing': `accept;dur=${(performance.now() - arrivedAt).toFixed(1)}`,
    }),
    ...(beginning.suspended
      ? resumedInference(parts, goesOn)
      : newInference(parts, { author: authorOf(caller), share: shareOf(c) }, beginning.draws)),
  };
  try {
    const answer = await work(inference);
    // All that the request asks for has been started. Stages may close later: who has the answer may ask the next thing.
    void Promise.all(generations.map(({ ended }) => ended)).then(done);
    return answer;
  } catch (error) {
    done();
    controller.abort();
    for (const one of goesOn) goingOn.suspended.giveBack(one);
    await Promise.all(generations.map((generation) => generation.discard()));
    throw naming(promptParam, error);
  }
}

function hasOtherFiles({ package: { id } }: Model): ApiError {
  return new ApiError(
    409,
    `'${id}' was replaced by other files, so the answer can't go on. Ask anew, with another id.`,
    { code: 'conflict', param: requestHeader },
  );
}

function writesNothing({ package: { id, encoder } }: Model): ApiError {
  const [what, where] =
    encoder?.task === 'embeddings'
      ? ['turns texts into vectors', '/v1/embeddings']
      : ['rates documents', '/v1/rerank'];
  return new ApiError(
    400,
    `'${id}' ${what} and writes nothing. Ask it at ${where}, or choose a model that writes.`,
    {
      ...{ code: 'model_not_supported', param: 'model' },
    },
  );
}
