/** Why nobody can ask while the page hears nothing from the hub. @param isStopping true where the hub said that it stops */
export function hubAway(isStopping: boolean): string {
  return isStopping ? 'The hub is shutting down' : 'The hub isn’t answering';
}
