/** The thread of the process that tries grammars. */
import { parentPort } from 'node:worker_threads';
import { Llguidance, tryGrammar } from '@potluck/engine/constraint';
import { readLlguidance } from '@potluck/engine/constraint/node';
import { messageOf } from '../../errors/messageOf.ts';
import type { LaneAnswer } from '../encoding/encodingLane.ts';
import type { GrammarTask, TriedGrammar } from './grammarTrials.ts';

const module = WebAssembly.compile(readLlguidance());

parentPort?.on('message', (task: GrammarTask) => void answer(task));

async function answer({ grammar, marks }: GrammarTask): Promise<void> {
  try {
    // Its memory only grows: each grammar has one of its own.
    const engine = await Llguidance.open(await module);
    tell({ type: 'begun' });
    const { shortest, isEmpty } = tryGrammar(engine, marks, grammar);
    tell({ type: 'done', result: { isEmpty, ...(shortest === undefined ? {} : { shortest }) } });
  } catch (error) {
    tell({ type: 'refused', reason: messageOf(error) });
  }
}

function tell(message: LaneAnswer<TriedGrammar>): void {
  parentPort?.postMessage(message);
}
