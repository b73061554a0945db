/** Thrown for what the person who starts the hub can put right: flags, ports, folders, models. Its message says how. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
