/** Which model answers where none is named. */
import { writesText } from '../models/writesText.ts';
import type { Deployment } from './deployment.ts';

/**
 * The one that the operator chose, while it is deployed; else the one that was deployed first, so that another one that
 * is added changes nothing for anybody.
 * @param deployments oldest first
 * @param chosen null where nobody chose
 */
export function defaultModel(
  deployments: readonly Pick<Deployment, 'model' | 'createdAt'>[],
  chosen: string | null,
): string | undefined {
  const oldestFirst = deployments
    .filter(({ model }) => writesText(model.package))
    .toSorted((one, other) => one.createdAt - other.createdAt);
  const found = oldestFirst.find(({ model }) => model.package.id === chosen) ?? oldestFirst[0];
  return found?.model.package.id;
}
