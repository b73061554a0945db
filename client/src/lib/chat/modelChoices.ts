/** The models that a conversation can have, as a list to choose from. */
import type { Deployment, Model } from '@potluck/api';
import { writesText } from '#lib/live/writesText.ts';

export interface ModelChoice {
  id: string;
  aliases: string[];
  /** Undefined where the hub tells of the deployment only. */
  bytes: number | undefined;
  state: 'ready' | 'notRunning' | 'onDemand' | 'notDeployed';
  /** Why it does not run; null where the hub does not say. */
  missing: string | null;
  isDefault: boolean;
  isFavourite: boolean;
  /** Whether all devices together have the memory for it; undefined where it runs, or its size is unknown. */
  fits: boolean | undefined;
}

export interface ChoicesInit {
  models: Iterable<Model>;
  deployments: Iterable<Deployment>;
  isFavourite: (model: string) => boolean;
  /** Memory of all devices that no stage has, in bytes. */
  freeBytes: number;
}

/** Models that write text. Favourites first, then what runs, what could be loaded, and what nobody deployed; each by name. */
export function modelChoices({ models, deployments, isFavourite, freeBytes }: ChoicesInit): ModelChoice[] {
  const byId = new Map([...models].map((model) => [model.id, model]));
  const deployed = new Map([...deployments].map((one) => [one.model, one]));
  const ids = [...new Set([...deployed.keys(), ...byId.keys()])];
  return ids
    .filter((id) => writesText(byId.get(id)))
    .map((id) => {
      const [model, deployment] = [byId.get(id), deployed.get(id)];
      const state = stateOf(model, deployment);
      return {
        id,
        aliases: model?.aliases ?? [],
        bytes: model?.weightBytes,
        state,
        missing: deployment?.missing ?? null,
        isDefault: deployment?.isDefault ?? model?.isDefault ?? false,
        isFavourite: isFavourite(id),
        fits: state === 'ready' || !model ? undefined : model.weightBytes <= freeBytes,
      };
    })
    .toSorted(
      (one, other) =>
        Number(other.isFavourite) - Number(one.isFavourite) ||
        order.indexOf(one.state) - order.indexOf(other.state) ||
        one.id.localeCompare(other.id),
    );
}

const order: readonly ModelChoice['state'][] = ['ready', 'notRunning', 'onDemand', 'notDeployed'];

function stateOf(model: Model | undefined, deployment: Deployment | undefined): ModelChoice['state'] {
  if (deployment?.ready) return 'ready';
  if (model?.loadsOnDemand) return 'onDemand';
  return deployment ? 'notRunning' : 'notDeployed';
}

/** Those whose name or alias has the words. */
export function searchChoices(choices: readonly ModelChoice[], words: string): ModelChoice[] {
  const wanted = words.trim().toLowerCase();
  return choices.filter(({ id, aliases }) =>
    [id, ...aliases].some((name) => name.toLowerCase().includes(wanted)),
  );
}
