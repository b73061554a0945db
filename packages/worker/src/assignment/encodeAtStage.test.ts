import {
  AssignmentId,
  decodeVector,
  EncodingId,
  Sha256,
  type Encode,
  type FromWorkerMessage,
} from '@potluck/protocol';
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { echoEncoder, echoStageHost, echoVector } from '../../testing/echoStageHost.ts';
import { silentLog } from '../log.ts';
import { encodeAtStage } from './encodeAtStage.ts';

test('a text is answered with its vector, and with a reason where there is none', async () => {
  const description = echoEncoder({ sha256: Sha256.parse('a'.repeat(64)), size: 1 });
  const stage = await echoStageHost().load({ description, graph: new Uint8Array(0), weights: [] }, 0);
  const { encoding: _, ...decoder } = description;
  const other = await echoStageHost().load(
    { description: decoder, graph: new Uint8Array(0), weights: [] },
    0,
  );
  const sent: FromWorkerMessage[] = [];
  const ports = { sendToHub: (message: FromWorkerMessage) => void sent.push(message), log: silentLog };
  const message: Encode = {
    type: 'encode',
    encodingId: EncodingId.parse(randomUUID()),
    assignmentId: AssignmentId.parse(randomUUID()),
    tokens: [5, 7],
  };
  await encodeAtStage(message, stage, ports);
  await encodeAtStage(message, undefined, ports);
  await encodeAtStage(message, other, ports);
  const { type: _type, tokens, ...ids } = message;
  const [answer, ...failures] = sent;
  expect(answer).toMatchObject({ type: 'encoded', ...ids });
  expect(decodeVector((answer as { vector: string }).vector)).toEqual(echoVector(tokens));
  expect(failures).toMatchObject([
    { type: 'encode-failed', ...ids, code: 'stage-gone' },
    { type: 'encode-failed', ...ids, code: 'bad-frame' },
  ]);
});
