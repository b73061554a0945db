import type { ApiError } from '../../apiError.ts';

/** An error that no response tells, as an event of its stream. */
export function responsesError({ message, code, param }: ApiError): [data: string, name: string] {
  return [JSON.stringify({ type: 'error', code, message, param, sequence_number: 0 }), 'error'];
}
