/** What can keep a headless worker from starting. Messages say what to do. */

/** The device that was asked for is not there. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}
