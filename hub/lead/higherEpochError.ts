/** Thrown where the database has been written by a later leader than the one that asks. */
export class HigherEpochError extends Error {
  override readonly name = 'HigherEpochError';
  readonly highest: number;

  constructor(highest: number) {
    super(`the database has had a later leader (epoch ${highest})`);
    this.highest = highest;
  }
}
