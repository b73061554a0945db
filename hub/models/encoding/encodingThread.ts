/** The thread of an encoding process: renders and encodes one conversation after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../errors/messageOf.ts';
import { loadChatFormat, type ChatFormat } from '../chatFormat.ts';
import type { EncodeAnswer, EncodeRequest } from './encodingLane.ts';

const format = loadChatFormat(workerData as string);
// Whoever asks is told.
format.catch(() => undefined);

parentPort?.on('message', (request: EncodeRequest) => void answer(request));

async function answer({ messages, variables }: EncodeRequest): Promise<void> {
  let chatFormat: ChatFormat;
  try {
    chatFormat = await format;
  } catch (error) {
    tell({ type: 'refused', reason: messageOf(error) });
    return;
  }
  // From here on the time counts.
  tell({ type: 'begun' });
  try {
    tell({ type: 'encoded', tokens: chatFormat.encode(messages, variables) });
  } catch (error) {
    tell({ type: 'refused', reason: messageOf(error) });
  }
}

function tell(message: EncodeAnswer): void {
  parentPort?.postMessage(message);
}
