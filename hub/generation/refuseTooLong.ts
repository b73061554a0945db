import { maxControlMessageBytes, type FromHubMessage } from '@potluck/protocol';
import { GenerationError } from './generationError.ts';

/** @throws GenerationError where a worker would not take the message for its length */
export function refuseTooLong(message: FromHubMessage): void {
  const { length } = JSON.stringify(message);
  if (length <= maxControlMessageBytes) return;
  throw new GenerationError(
    'request_too_large',
    `The request is too large for the devices: its description has ${length} bytes, and they take ${maxControlMessageBytes}. ` +
      "Shorten the messages or 'logit_bias'.",
  );
}
