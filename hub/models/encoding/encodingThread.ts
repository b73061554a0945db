/** The thread of an encoding process: encodes one conversation or text after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../errors/messageOf.ts';
import { loadChatFormat, type ChatFormat } from '../chatFormat.ts';
import type { EncodingTask } from './chatEncoder.ts';
import type { LaneAnswer } from './encodingLane.ts';

const format = loadChatFormat(workerData as string);
// Whoever asks is told.
format.catch(() => undefined);

parentPort?.on('message', (task: EncodingTask) => void answer(task));

async function answer(task: EncodingTask): Promise<void> {
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
    tell({ type: 'done', result: run(chatFormat, task) });
  } catch (error) {
    tell({ type: 'refused', reason: messageOf(error) });
  }
}

function run(format: ChatFormat, task: EncodingTask): number[] {
  if (task.verb === 'encodeText') return format.encodeText(task.text, task.addsSpecial, task.isPlain);
  if (task.verb === 'encodePair') return format.encodePair(task.text, task.pair);
  return format.encode(task.messages, task.options);
}

function tell(message: LaneAnswer<number[]>): void {
  parentPort?.postMessage(message);
}
