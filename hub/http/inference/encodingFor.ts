/** Prompts for requests that want no answer. */
import type { Context } from 'hono';
import { makePrompt, makeTextPrompt } from '../../generation/makePrompt.ts';
import { shareOf } from '../caller.ts';
import { defaultsFor, findDeployment, refuseForeignModel, wake } from './askedModel.ts';
import type { EncodingComponents, Inference } from './inference.ts';
import { withSystemPrompt } from './modelDefaults.ts';

export interface Encoding extends Pick<Inference, 'model' | 'promptOf'> {
  /** As `Inference` has it. @param isPlain true where the names of special tokens in the text are nothing but text */
  textPromptOf(text: string, addsSpecial: boolean, isPlain: boolean): Promise<number[]>;
}

/**
 * A model whose tokenizer a request asks, and makers of prompts for that request; no devices are needed.
 * @throws ApiError
 */
export async function encodingFor(
  c: Context,
  components: EncodingComponents,
  named: string | undefined,
): Promise<Encoding> {
  await wake(c, components, named ?? components.defaultModel());
  const { model } = findDeployment(named, components);
  refuseForeignModel(c.var.caller, model.package.id);
  const own = { share: shareOf(c), signal: c.req.raw.signal };
  return {
    model,
    promptOf: (messages, options = {}) =>
      makePrompt(model, withSystemPrompt(messages, defaultsFor(model, components)), { ...options, ...own }),
    textPromptOf: (text, addsSpecial, isPlain) =>
      makeTextPrompt(model, text, { addsSpecial, isPlain, ...own }),
  };
}
