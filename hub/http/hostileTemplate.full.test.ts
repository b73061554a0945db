/** A model whose template never ends fails its own requests, and nobody else's. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Import } from '@potluck/api';
import { tinyDecoder, writeRandomDecoder } from '@potluck/onnx/testing';
import { expect, test } from 'vitest';
import { askChat } from '../testing/askChat.ts';
import { api } from '../testing/apiClient.ts';
import { startBystander } from '../testing/bystander.ts';
import { EventReader } from '../testing/eventReader.ts';
import { startTestHub, testApiKey } from '../testing/testHub.ts';

const endless =
  "{% if messages[-1].content == 'stop' %}{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}{% endif %}Hi";

test('a template without an end fails its own requests only', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'potluck-template-'));
  const model = path.join(directory, 'endless');
  await writeRandomDecoder(model, tinyDecoder);
  await writeFile(path.join(model, 'chat_template.jinja'), endless);
  const hub = await startTestHub({
    library: true,
    modelDirectories: [directory],
    model: { contextLength: 1_000_000 },
  });
  const events = await EventReader.open(hub);
  const bystander = await startBystander(hub);
  await api<Import>(hub, 'POST', '/imports', { kind: 'directory', path: model });
  await events.until('import', (event) => event.import.state === 'done');
  const two = hub.worker('two');
  // A scripted worker says nothing by itself.
  const alive = setInterval(() => two.send({ type: 'renew' }), 1000);
  await api(hub, 'PUT', '/deployments', { model: 'endless' });
  await events.until('deployment', ({ deployment }) => deployment.model === 'endless' && deployment.ready);
  const answer = await askChat(
    hub,
    { model: 'endless', messages: [{ role: 'user', content: 'stop' }] },
    { headers: { authorization: `Bearer ${testApiKey}` } },
  );
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('took longer than');
  const { expected, received } = await bystander.finish();
  expect(received).toBe(expected);
  clearInterval(alive);
  events.close();
  await hub.close();
  await rm(directory, { recursive: true, force: true });
});
