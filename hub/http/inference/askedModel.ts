/** Which model a request asks: by its own name or an alias, deployed for it where the operator wants that. */
import type { Context } from 'hono';
import type { ModelDefaults } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { Model } from '../../models/model.ts';
import type { Deployment } from '../../pipelines/deployment.ts';
import { ApiError } from '../apiError.ts';
import type { Caller } from '../caller.ts';
import type { EncodingComponents, InferenceComponents } from './inference.ts';

/**
 * Deploys the model that a request asks, where the operator wants that, and waits until it can be asked.
 * @param asked its name, or an alias; undefined: nothing is deployed
 * @throws ApiError 403, DeploymentError, ModelError
 */
export async function wake(
  c: Context,
  { deployments, onDemand, settings }: Pick<EncodingComponents, 'deployments' | 'onDemand' | 'settings'>,
  asked: string | undefined,
): Promise<void> {
  if (asked === undefined) return;
  const isModel = (name: string): boolean => onDemand.isAsleep(name) || deployments.find(name) !== undefined;
  const id = idOf(asked, settings().aliases, isModel);
  if (onDemand.isAsleep(id)) refuseForeignModel(c.var.caller, id);
  await onDemand.wake(id, c.req.raw.signal);
}

/** What is said where a request of a program says nothing. */
export function defaultsFor(
  { package: { id } }: Model,
  { settings }: Pick<InferenceComponents, 'settings'>,
): ModelDefaults | undefined {
  const { defaultsForPrograms, modelDefaults } = settings();
  return defaultsForPrograms && Object.hasOwn(modelDefaults, id) ? modelDefaults[id] : undefined;
}

/** The id that a name stands for. A model's own name comes before an alias. */
function idOf(
  name: string,
  aliases: Readonly<Record<string, string>>,
  isModel: (id: string) => boolean,
): string {
  if (isModel(name) || !Object.hasOwn(aliases, name)) return name;
  return aliases[name] ?? name;
}

/** @param named as the request names it @throws ApiError 404 */
export function findDeployment(
  named: string | undefined,
  { deployments, defaultModel, onDemand, settings }: EncodingComponents,
): Deployment {
  const asked = named ?? defaultModel();
  if (asked === undefined) {
    throw new ApiError(404, "The request names no 'model', and none is deployed that could answer instead.", {
      code: 'model_not_found',
      param: 'model',
    });
  }
  const deployment = findNamed(asked, { deployments, settings });
  if (!deployment) throw unknownModel(asked, deployments.list, { onDemand, settings });
  return deployment;
}

/** @returns what is deployed under a model's own name, or under an alias of it */
export function findNamed(
  asked: string,
  { deployments, settings }: Pick<EncodingComponents, 'deployments' | 'settings'>,
): Deployment | undefined {
  return deployments.find(idOf(asked, settings().aliases, (name) => deployments.find(name) !== undefined));
}

/** A name as an error says it: whoever sends megabytes does not get them back. */
function shortened(name: string): string {
  const most = 100;
  return name.length > most ? `${name.slice(0, most)}…` : name;
}

/** True where the hub has a model of that name, or of which it is an alias, deployed or not. */
function isHere(
  asked: string,
  { onDemand, settings }: Pick<EncodingComponents, 'onDemand' | 'settings'>,
): boolean {
  return onDemand.isHere(idOf(asked, settings().aliases, (name) => onDemand.isHere(name)));
}

/** What a client hears who asks for a model that does not answer: it is not here, or only not deployed. @param served what could be asked instead */
export function unknownModel(
  asked: string,
  served: readonly Deployment[],
  components: Pick<EncodingComponents, 'onDemand' | 'settings'>,
): ApiError {
  const quoted = served.map(({ model }) => `'${model.package.id}'`).join(', ');
  const hint =
    quoted === ''
      ? hubText('none-deployed', {})
      : hubText(served.length === 1 ? 'one-does' : 'several-do', { quoted });
  const model = shortened(asked);
  const message = isHere(asked, components)
    ? notDeployed(model, quoted)
    : hubText('unknown-model', { model, hint });
  return new ApiError(404, message, {
    code: 'model_not_found',
    param: 'model',
  });
}

function notDeployed(model: string, quoted: string): string {
  return quoted === ''
    ? hubText('model-not-deployed', { model })
    : hubText('others-are-deployed', { model, quoted });
}

/** Takes one of the places that the caller's key has. @returns a function that gives it back */
export async function takePlace(
  { key }: Caller,
  model: string,
  { keyUse }: Pick<InferenceComponents, 'keyUse'>,
): Promise<() => void> {
  if (!key) return () => undefined;
  refuseForeignModel({ key }, model);
  const begun = await keyUse.begin(key);
  if (typeof begun === 'function') return begun;
  const { message, retryAfterSeconds } = begun;
  throw new ApiError(429, message, { code: 'rate_limit_exceeded', retryAfterSeconds });
}

/** @throws ApiError 403 where the caller's key is for other models */
export function refuseForeignModel({ key }: Pick<Caller, 'key'>, model: string): void {
  if (!key?.limits.models || key.limits.models.includes(model)) return;
  throw new ApiError(403, `The key '${key.name}' may not ask '${model}'.`, {
    code: 'model_not_allowed',
    param: 'model',
  });
}
