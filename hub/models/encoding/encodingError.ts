/** Thrown where a conversation could not be turned into tokens with the time and the memory that there is. */
export class EncodingError extends Error {
  override readonly name = 'EncodingError';
}
