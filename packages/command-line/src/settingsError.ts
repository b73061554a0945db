/** A flag, an environment variable or what they name is not usable as given. The message says what to write instead. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}
