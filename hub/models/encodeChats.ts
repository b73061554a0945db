/** The thread of `LongChats`. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import { loadChatFormat } from './chatFormat.ts';
import type { EncodeAnswer, EncodeRequest } from './longChats.ts';

const format = loadChatFormat(workerData as string);
// Whoever asks is told.
format.catch(() => undefined);

parentPort?.on('message', ({ id, messages }: EncodeRequest) => {
  void answer(id, messages).then((message) => parentPort?.postMessage(message));
});

async function answer(id: number, messages: EncodeRequest['messages']): Promise<EncodeAnswer> {
  try {
    return { id, tokens: (await format).encode(messages) };
  } catch (error) {
    return { id, refusal: messageOf(error) };
  }
}
