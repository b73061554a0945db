/** What is wrong with what several hubs share, for `/health` and for whoever is refused. */

export interface SharedReading {
  /** This hub has the lease, and its database does not answer yet. */
  waitsForDatabase: boolean;
  redisAnswers: boolean;
  /** A hub leads, as far as this one knows. */
  isLed: boolean;
}

/** @returns undefined while all is well */
export function sharedTrouble({ waitsForDatabase, redisAnswers, isLed }: SharedReading): string | undefined {
  if (waitsForDatabase) return 'This hub leads once the database answers.';
  if (redisAnswers) return undefined;
  return isLed
    ? 'Redis does not answer, so no other hub can take over until it does.'
    : 'Redis does not answer. No hub can lead until Redis answers.';
}
