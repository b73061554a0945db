/** Models that are deployed when a request names them, and undeployed when nobody has asked them for a while. */
import { DeploymentPlan, type Settings } from '@potluck/api';
import type { Logger } from 'pino';
import { z } from 'zod';
import { messageOf } from '../errors/messageOf.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { ValueStore } from '../settings/valueStore.ts';
import { writesText } from '../models/writesText.ts';
import { DeploymentError } from './deploymentError.ts';
import type { Deployments } from './deployments.ts';
import { idleModels } from './idleModels.ts';
import type { Operator } from './operator.ts';

export interface OnDemandComponents {
  catalogue: Pick<Catalogue, 'find'>;
  deployments: Pick<Deployments, 'find' | 'list' | 'nextChange'>;
  operator: Pick<Operator, 'deploy' | 'undeploy'>;
  values: ValueStore;
  settings: () => Pick<Settings, 'loadOnDemand' | 'unloadAfterMinutes' | 'defaultModel'>;
  /** True while the model answers. */
  isAnswering: (model: string) => boolean;
  logger: Logger;
}

/** Models at rest, the last one at the end, each with the plan that it had. */
const valueName = 'resting-models';
const Resting = z.array(z.object({ model: z.string(), plan: DeploymentPlan }));
const mostResting = 100;
/** A request waits so long for a model that loads, in milliseconds. A client would hang up at some time. */
const patienceMs = 180_000;
const checkMs = 15_000;

export class OnDemand {
  readonly #components: OnDemandComponents;
  /** Plans of models at rest, in the order in which they came to it. */
  readonly #resting: Map<string, DeploymentPlan>;
  /** When a model was asked last, by `performance.now()`. */
  readonly #used = new Map<string, number>();
  /** When each deployment was made, by the clock that people set and by `performance.now()`. */
  #seen = new Map<string, { createdAt: number; at: number }>();
  /** Requests that wait for a model. */
  readonly #waiting = new Map<string, number>();
  readonly #deploying = new Map<string, Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  private constructor(components: OnDemandComponents, resting: Map<string, DeploymentPlan>) {
    this.#components = components;
    this.#resting = resting;
    this.#timer = setInterval(() => void this.restIdle(performance.now()), checkMs).unref();
  }

  static async load(components: OnDemandComponents): Promise<OnDemand> {
    const kept = Resting.safeParse(await components.values.get(valueName)).data ?? [];
    return new OnDemand(components, new Map(kept.map(({ model, plan }) => [model, plan])));
  }

  /** The model that answers where none is named and none is deployed: the operator's choice, or the last that went to rest. */
  get defaultModel(): string | undefined {
    const { settings, catalogue } = this.#components;
    const { loadOnDemand, defaultModel } = settings();
    if (!loadOnDemand) return undefined;
    const candidates = [defaultModel ?? '', ...[...this.#resting.keys()].reverse()];
    return candidates.find((id) => {
      const model = catalogue.find(id);
      return model && writesText(model);
    });
  }

  /** True where the hub has the model, deployed or not. */
  isHere(id: string): boolean {
    return this.#components.catalogue.find(id) !== undefined;
  }

  /** True where a request for the model would deploy it. */
  isAsleep(id: string): boolean {
    const { settings, deployments } = this.#components;
    return settings().loadOnDemand && !deployments.find(id) && this.isHere(id);
  }

  /** Notes that the model was asked. */
  used(id: string): void {
    this.#used.set(id, performance.now());
  }

  /**
   * Deploys the model if the settings say so, and resolves when it can be asked, can't be, or `signal` aborts.
   * @throws DeploymentError, ModelError
   */
  async wake(id: string, signal: AbortSignal): Promise<void> {
    if (!this.#components.settings().loadOnDemand) return;
    if (!this.isAsleep(id) && !this.#components.deployments.find(id)) return;
    this.used(id);
    this.#waiting.set(id, (this.#waiting.get(id) ?? 0) + 1);
    try {
      if (this.isAsleep(id)) await this.#deployOnce(id);
      await this.#loaded(id, signal);
    } finally {
      this.used(id);
      const others = (this.#waiting.get(id) ?? 1) - 1;
      if (others > 0) this.#waiting.set(id, others);
      else this.#waiting.delete(id);
    }
  }

  /** Undeploys what nobody has asked for as long as the settings say. @param now as `performance.now()`, which nobody sets */
  async restIdle(now: number): Promise<void> {
    const { settings, deployments, isAnswering, logger } = this.#components;
    const { loadOnDemand, unloadAfterMinutes } = settings();
    if (!loadOnDemand || unloadAfterMinutes === null) return;
    this.#seen = new Map(
      deployments.list.map(({ model, createdAt }) => {
        const { id } = model.package;
        const before = this.#seen.get(id);
        const at = performance.now() - Math.max(0, Date.now() - createdAt);
        return [id, before?.createdAt === createdAt ? before : { createdAt, at }];
      }),
    );
    const models = [...this.#seen].map(([id, { at }]) => {
      return {
        model: id,
        lastUsedAt: Math.max(at, this.#used.get(id) ?? 0),
        isBusy: this.#waiting.has(id) || isAnswering(id),
      };
    });
    for (const id of idleModels(models, now, unloadAfterMinutes * 60_000)) {
      try {
        await this.#rest(id);
        logger.info({ model: id, minutes: unloadAfterMinutes }, 'a model was undeployed: nobody asked it');
      } catch (error) {
        logger.warn({ model: id, reason: messageOf(error) }, 'an idle model could not be undeployed');
      }
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #rest(id: string): Promise<void> {
    const { deployments, operator } = this.#components;
    const plan = deployments.find(id)?.plan;
    if (!plan) return;
    this.#resting.delete(id);
    this.#resting.set(id, plan);
    const [oldest] = this.#resting.keys();
    if (this.#resting.size > mostResting && oldest !== undefined) this.#resting.delete(oldest);
    await this.#keep();
    await operator.undeploy(id);
  }

  /** Several requests that name it at once deploy it once. */
  #deployOnce(id: string): Promise<void> {
    const begun = this.#deploying.get(id) ?? this.#deploy(id).finally(() => this.#deploying.delete(id));
    this.#deploying.set(id, begun);
    return begun;
  }

  async #deploy(id: string): Promise<void> {
    const { operator, deployments, logger } = this.#components;
    const plan = this.#resting.get(id) ?? { mode: 'automatic', replicas: 1 };
    try {
      await operator.deploy(id, plan);
      logger.info({ model: id }, 'a model is deployed: a request named it');
    } catch (error) {
      // The operator was faster.
      if (!(error instanceof DeploymentError && deployments.find(id))) throw error;
    }
    if (this.#resting.delete(id)) await this.#keep();
  }

  async #loaded(id: string, signal: AbortSignal): Promise<void> {
    const { deployments } = this.#components;
    const isLoading = (): boolean => {
      const replicas = deployments.find(id)?.replicas ?? [];
      return !replicas.some(({ ready }) => ready) && replicas.some(({ pipeline }) => pipeline);
    };
    if (!isLoading()) return;
    await deployments.nextChange({
      isEnough: () => !isLoading(),
      signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]),
    });
  }

  async #keep(): Promise<void> {
    const resting = [...this.#resting].map(([model, plan]) => ({ model, plan }));
    await this.#components.values.put(valueName, resting);
  }
}
