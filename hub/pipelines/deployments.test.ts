import { expect, test } from 'vitest';
import { puppetGrid } from '../testing/puppetGrid.ts';
import { sizedModel } from '../testing/sizedModel.ts';

const model = sizedModel({ name: 'model', layers: 4, layerBytes: 1e8, cacheBytes: 100 });

test('a listener that fails keeps nobody else from being told', () => {
  const { deployments } = puppetGrid();
  const told: string[] = [];
  const failing = deployments.listen({
    changed: () => {
      throw new Error('it failed');
    },
  });
  deployments.listen({ changed: (id) => void told.push(id) });
  expect(() => deployments.deploy(model, { mode: 'automatic', replicas: 1 })).toThrow('it failed');
  expect(told.length).toBeGreaterThan(0);
  // Nothing of what was told then is left for the next time.
  failing();
  told.length = 0;
  deployments.undeploy('model');
  expect(new Set(told)).toEqual(new Set(['model']));
  expect(deployments.list).toEqual([]);
});
