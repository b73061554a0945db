const piecesInChunk = 256;

/**
 * A text that grows by small pieces and takes hardly more memory than its letters: JavaScript keeps `a + b` as a pair, with both, for
 * as long as nobody looks inside, which is some 60 bytes a token.
 */
export class GrowingText {
  readonly #chunks: string[] = [];
  /** What came last, not in a chunk yet. */
  #pieces: string[] = [];

  add(piece: string): void {
    if (piece === '') return;
    this.#pieces.push(piece);
    if (this.#pieces.length === piecesInChunk) this.#chunks.push(this.#pieces.splice(0).join(''));
  }

  toString(): string {
    return [...this.#chunks, ...this.#pieces].join('');
  }
}
