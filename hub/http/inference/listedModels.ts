/** Models that a request may name, under each of their names. */
import type { ModelPackage } from '@potluck/protocol';
import type { Catalogue } from '../../models/catalogue.ts';
import { servedContext } from '../../pipelines/servedContext.ts';
import { unknownModel } from './askedModel.ts';
import type { InferenceComponents } from './inference.ts';

export interface ListedModel {
  /** Its own, or an alias. */
  name: string;
  model: ModelPackage;
  /** What the devices that serve it now have room for, in tokens; the model's own where none do. */
  contextTokens: number;
}

export interface ListComponents extends Pick<InferenceComponents, 'deployments' | 'onDemand' | 'settings'> {
  catalogue: Pick<Catalogue, 'list'>;
}

/** Those that are deployed, those that a request would deploy, and their aliases at the end. */
export function listedModels({ deployments, catalogue, onDemand, settings }: ListComponents): ListedModel[] {
  const deployed = deployments.list.map((one) => {
    const model = one.model.package;
    return { name: model.id, model, contextTokens: servedContext(one)?.tokens ?? model.contextLength };
  });
  const asleep = catalogue.list
    .filter(({ id }) => onDemand.isAsleep(id))
    .map((model) => ({ name: model.id, model, contextTokens: model.contextLength }));
  const own = new Map<string, ListedModel>([...deployed, ...asleep].map((one) => [one.name, one]));
  const aliases = Object.entries(settings().aliases).flatMap(([name, id]) => {
    const one = own.get(id);
    return one && !own.has(name) ? [{ ...one, name }] : [];
  });
  return [...own.values(), ...aliases];
}

/** @throws ApiError 404 */
export function findListed(asked: string, components: ListComponents): ListedModel {
  const found = listedModels(components).find(({ name }) => name === asked);
  if (!found) throw unknownModel(asked, components.deployments.list, components);
  return found;
}
