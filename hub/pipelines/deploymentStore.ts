import type { DeploymentPlan } from '@potluck/api';

export interface DeploymentRow {
  /** Id of the model. */
  model: string;
  plan: DeploymentPlan;
  /** Unix milliseconds. */
  createdAt: number;
}

/** What is deployed again after a restart. */
export interface DeploymentStore {
  /** Oldest first. */
  list(): Promise<DeploymentRow[]>;
  put(row: DeploymentRow): Promise<void>;
  remove(model: string): Promise<void>;
}
